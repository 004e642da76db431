"""Task value: a freelance price, as hours of human work times an hourly rate. Uncalibrated: read it ordinally.

Hours are what a competent freelancer would need for the result, not what the session took: code by its lines, with
later lines cheaper than the first (a larger job has more of the same); finding a cause, answering, setting up and
analysing by the pieces of work seen. A request that goes into detail is a larger job than a short one.
"""

from __future__ import annotations

import math

from sessions_pipeline.classifications.classifiers import HIGHEST_PRICE_USD, LOWEST_PRICE_USD, price_band
from sessions_pipeline.classifications.rules.actions import CHANGES, EDITS, LOOKS
from sessions_pipeline.classifications.rules.evidence import Finding, Scale
from sessions_pipeline.classifications.rules.features import Features

# US dollars an hour that freelancers of the field ask on a world-wide market, roughly; only the order is claimed.
_RATES = {
    "plan": 40.0,
    "build": 30.0,
    "fix": 30.0,
    "understand": 25.0,
    "test": 25.0,
    "operate": 30.0,
    "analyze": 40.0,
    "orchestrate": 35.0,
    "communicate": 20.0,
}
# Lines that a freelancer finishes in the first hour, tests and revisions included.
_LINES_PER_HOUR = 40.0
# Each doubling of the lines adds less than a doubling of the hours.
_ECONOMY = 0.7


def task_value(seen: Features, mode: str) -> Finding:
    """Price in US dollars, clipped to the range of the postings, and the band it falls in; mode: the work mode."""
    hours = Scale()
    lines = seen.telemetric("lines_added") + 0.3 * seen.telemetric("lines_removed")
    hours.add("lines_changed", (lines / _LINES_PER_HOUR) ** _ECONOMY if lines else 0.0)
    cut = min(seen.actions / max(len(seen.calls), 1), 5.0)
    hours.add("files_edited", 0.15 * (cut * seen.total(EDITS)) ** 0.8)
    hours.add("changes_outside", 0.2 * (cut * seen.total(CHANGES)) ** 0.8)
    hours.add("looking_and_searching", 0.05 * (cut * seen.total(LOOKS)) ** 0.8)
    others = len(seen.calls) - seen.total(EDITS) - seen.total(CHANGES) - seen.total(LOOKS)
    hours.add("running_and_checking", 0.1 * (cut * max(others, 0)) ** 0.8)
    hours.add("answers", 0.1 * math.sqrt(seen.reply_words / 100))
    hours.add("scope_of_the_request", 0.3 * math.sqrt(_words_of_scope(seen) / 50))
    usd = float(max(LOWEST_PRICE_USD, min(HIGHEST_PRICE_USD, hours.total * _RATES[mode])))
    return Finding(price_band(usd), round(usd, 2), hours.names or ("hardly_any_work",))


def _words_of_scope(seen: Features) -> float:
    """Words in which the work is described: the person's, and those of documents that they hand over."""
    handed_over = sum(len(turn.request.document) for turn in seen.asked) / 6
    return sum(turn.words for turn in seen.tasks) + 0.5 * handed_over
