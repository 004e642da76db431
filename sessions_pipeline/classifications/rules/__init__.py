"""The `rules` backend: labels from named evidence, in plain code.

`reading` takes a transcript apart, `features` counts what can be counted, one module per family of facets turns the
counts into a label, and `judge` puts them together. Words and commands that are looked for are in tables of their own.
"""

from sessions_pipeline.classifications.rules.judge import RulesBackend

__all__ = ["RulesBackend"]
