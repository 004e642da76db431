"""Log formats: one module each, all yielding the session model of `model.py`. To add one, register its reader here."""

from sessions_pipeline.sources import claude_code

# Source name -> reader of one file's bytes.
READERS = {claude_code.HARNESS: claude_code.read}
