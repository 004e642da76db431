"""Measurements against named peers, each in the same run as the peer's. What they mean is in README.md here."""
