"""The index of vintages: one page that lists every report of a folder, newest first, with its headline numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sessions_pipeline.folders import REPORT
from sessions_pipeline.months import parse_month
from sessions_pipeline.report import numbers
from sessions_pipeline.report.page import style_and_script, templates
from sessions_pipeline.report.summary import Summary, read_summary

# The head of a report, with its summary, ends well before this many bytes.
HEAD_BYTES = 16_384
COLUMNS = {
    "work_mode": "Largest work mode shown",
    "task_value": "Mean task value",
    "slope": "Success per level",
}


@dataclass(frozen=True)
class Entry:
    """One report. file: its name in the folder of the index; summary: None where its head cannot be read."""

    month: dt.date
    file: str
    summary: Summary | None


def entries_in(folder: Path) -> list[Entry]:
    """The reports of a folder, newest vintage first."""
    found = []
    for path in folder.glob("report-*.html"):
        if named := REPORT.fullmatch(path.name):
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES).decode("utf-8", errors="ignore")
            found.append(Entry(parse_month(named[1]), path.name, read_summary(head)))
    return sorted(found, key=lambda entry: entry.month, reverse=True)


def build_index(entries: Iterable[Entry], version: str) -> str:
    """The index as one HTML document that asks nothing of the network. The same entries give the same text."""
    environment = templates()
    environment.filters["count"] = numbers.count
    environment.filters["month"] = numbers.month_name
    rows = list(entries)
    return environment.get_template("index.html").render(
        entries=rows, columns=COLUMNS, version=version, **style_and_script()
    )
