"""What a report says about itself in its head, so that an index can be made from the reports alone.

Written into each report by `page.py`, read back by `index.py`: the index cannot say other than what the reports say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from typing import ClassVar

from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.sections import Headline


@dataclass(frozen=True)
class Summary:
    """A report in short. month: its vintage as YYYY-MM. backend: who labelled, and whether made-up data.

    headlines: their name → (label, value, remark).
    """

    META: ClassVar[str] = "sessions-pipeline-report"

    month: str
    period: str
    sessions: int
    users: int
    backend: str
    personal: bool
    headlines: Mapping[str, tuple[str, str, str]]

    @property
    def as_json(self) -> str:
        """For the content of the meta element; the template escapes it."""
        return json.dumps(asdict(self), ensure_ascii=False)


def summary_of(inputs: ReportInputs, period: str, told: Iterable[Headline]) -> Summary:
    """The summary of a report. period: the months with sessions in words."""
    return Summary(
        month=f"{inputs.month:%Y-%m}",
        period=period,
        sessions=inputs.eligible_sessions,
        users=inputs.users,
        backend=f"{inputs.backend}, on made-up data" if inputs.made_up else inputs.backend,
        personal=inputs.personal,
        headlines={headline.name: (headline.label, headline.value, headline.remark) for headline in told},
    )


def read_summary(page: str) -> Summary | None:
    """The summary in the head of a report; None where there is none that can be read (an older version's report)."""
    reader = _Head()
    reader.feed(page)
    try:
        fields = json.loads(reader.content)
        told = {
            name: (str(label), str(value), str(remark)) for name, (label, value, remark) in fields["headlines"].items()
        }
        return Summary(**{**fields, "headlines": told})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class _Head(HTMLParser):
    """Finds the content of the meta element of a summary."""

    content = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "meta" and named.get("name") == Summary.META:
            self.content = named.get("content") or ""
