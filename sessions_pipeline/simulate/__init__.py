"""Synthetic data with known truth.

`logs.write_logs` writes Claude Code logs of an invented study and, beside them, what a perfect reader would find.
The road from seed to file: `scenario` (who, when, how it goes) → `course` and `dialogue` (what is said and done, with
the words of `domains`, `phrases_*` and `toolchains`) → `claude_code_writer` and `irregular_lines` (the log's lines)
→ `files` (copies, damage). `truth` sums what was planned; nothing here reads a log back.
"""
