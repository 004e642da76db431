"""The backend `claude`: a Claude model answers, through the Messages API or its Batches. Paid per token.

- `prompts`: what is asked and how an answer is read; pure.
- `calibration`: postings of known price, for task value.
- `store`: every request and answer on disk, so that nothing is paid twice.
- `client`: the SDK's client, its errors in our words, and the check of the models before anything is sent.
- `messages`, `batches`: the two ways to send.
- `judge`: the backend itself.
- `budget`, `estimate`: what it may cost, and what it would cost.
"""

from sessions_pipeline.classifications.claude.judge import ClaudeBackend

__all__ = ["ClaudeBackend"]
