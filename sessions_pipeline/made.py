"""Remembers from what each month's tables and report were made, so that a run makes again only what would change.

One JSON file in the state folder. An entry is noted after the month's last file is written, and counts only while both
digests still hold: that of everything the stage read, and that of everything it made. So a killed run, a deleted
report, or a table that somebody else has written since can make a month again, but never leave it out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import structs

from sessions_pipeline.config import Settings
from sessions_pipeline.folders import Home, replace_file

FILE = "made.json"
# They say where to look, how to pay and when to start, not what is counted.
_WITHOUT_EFFECT = {
    "sources",
    "api_mode",
    "max_cost_usd",
    "direct_requests",
    "transcript_retention_days",
    "schedule_day",
}
_FILES = ("reference_labels", "calibration")
_PACKAGE = Path(__file__).resolve().parent
_CODE = (_PACKAGE, _PACKAGE.parent / "dbt_like_sql")


def digest(*parts: object) -> str:
    """SHA-256 of the parts as JSON; parts are texts, numbers, and lists and dictionaries of them."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def rules_digest(settings: Settings) -> str:
    """Digest of all that decides how tables are made beside their sources: settings, files they name, and the code."""
    named = [getattr(settings, name) for name in _FILES]
    contents = [path and path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() for path in named]
    values = {name: value for name, value in structs.asdict(settings).items() if name not in _WITHOUT_EFFECT}
    return digest(values, contents, _code())


@cache
def _code() -> str:
    """Digest of the package: every file but what Python itself writes."""
    files = [path for folder in _CODE for path in sorted(folder.rglob("*.*")) if path.suffix not in (".pyc", ".md")]
    return digest([(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files if path.is_file()])


def report_digest(home: Home, month: dt.date) -> str:
    """Digest of the report of vintage `month` and its figures; of nothing where they are gone."""
    files = [home.report(month), *sorted(home.figures(month).glob("*.svg"))]
    return digest([(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files if path.exists()])


class Made:
    """What was made, by stage (name of its job) and month."""

    def __init__(self, home: Home) -> None:
        self.file = home.path / FILE
        self.entries = self._read()

    def holds(self, stage: str, month: dt.date, source: str, result: str) -> bool:
        """Whether `month` was made from what has the digest `source`, and is still what has the digest `result`."""
        entry = self._entry(stage, month)
        return (entry.get("from"), entry.get("made")) == (source, result)

    def warnings(self, stage: str, months: Iterable[dt.date]) -> list[str]:
        """What was warned of when `months` were made, each warning once."""
        return list(dict.fromkeys(line for month in months for line in self._entry(stage, month).get("warnings", ())))

    def note(self, stage: str, month: dt.date, source: str, result: str, warnings: Sequence[str]) -> None:
        """Remembers it, on disk too."""
        self.entries.setdefault(stage, {})[f"{month:%Y-%m}"] = {
            "from": source,
            "made": result,
            "warnings": list(warnings),
        }
        replace_file(self.file, json.dumps(self.entries, indent=1))

    def _entry(self, stage: str, month: dt.date) -> dict[str, Any]:
        return self.entries.get(stage, {}).get(f"{month:%Y-%m}", {})

    def _read(self) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            return dict(json.loads(self.file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):  # without it, or with a damaged one, everything is made again
            return {}
