"""Kills at random moments: what was interrupted must be made good by the next run, to the last row.

`make soak` runs hundreds of kills (`python -m sessions_pipeline_tests.soak`); the suite runs a handful.
"""
