"""What a report is made from. Reading it from the warehouse belongs to `assets.py`, saying it to the other modules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from sessions_pipeline.report.exhibits import month_range
from sessions_pipeline.schemas import polars_schema

TABLES = {
    "work_mode_shares": "marts.work_mode_shares",
    "task_value": "marts.task_value",
    "effort_by_expertise": "marts.effort_by_expertise",
    "outcomes_by_expertise": "marts.outcomes_by_expertise",
    "truncation": "marts.truncation_by_expertise_and_mode",
    "decision_shares": "marts.decision_shares",
    "mean_decision_shares": "marts.mean_decision_shares",
    "decision_correlations": "marts.decision_correlations",
    "effort_by_decision_share": "marts.effort_by_decision_share",
    "actions_by_who_decides": "marts.actions_by_who_decides",
    "effort_by_model": "marts.effort_by_model",
    "codebase_context_shares": "marts.codebase_context_shares",
    "success_by_signal": "marts.success_by_signal",
    "success_by_occupation": "marts.success_by_occupation",
    "success_by_profession": "marts.success_by_profession",
    "occupations_crossed": "marts.occupations_crossed",
    "coefficients": "analysis.coefficients",
    "adjusted_rates": "analysis.adjusted_rates",
    "attrition": "core.attrition",
    "agreement": "analysis.agreement",
    "corrected_estimates": "analysis.corrected_estimates",
    "sign_sensitivity": "analysis.sign_sensitivity",
    "label_errors": "analysis.label_errors",
    "reliability": "analysis.reliability",
    "published_comparison": "analysis.published_comparison",
    "task_value_change": "analysis.task_value_change",
    "monthly_changes": "analysis.monthly_changes",
    "specification_curve": "analysis.specification_curve",
}


MadeUp = Literal["logs", "sessions"]


@dataclass(frozen=True)
class ReportInputs:
    """All that a report says.

    month: the vintage; the window is the `window_months` months that end in it, `months` those that hold sessions.
    frames: the tables of `TABLES` by their short names; one that is absent counts as empty.
    sessions: found in the window; eligible_sessions: analysed; users: distinct users of these.
    label_versions: classifier → backend version. methods: any other setting or definition, name → value.
    prompts: classifier → digest of what was asked.
    generated_from: what the numbers rest on (tables, prompts, logs) → digest.
    made_up: what of it was never observed: "logs" that `demo` wrote, or the "sessions" of `simulate study`.
    personal: one user's own logs, nothing suppressed. generated_at: as it is to be printed, or None.
    """

    month: dt.date
    window_months: int
    months: tuple[dt.date, ...]
    frames: Mapping[str, pl.DataFrame]
    sessions: int
    eligible_sessions: int
    users: int
    backend: str
    label_versions: Mapping[str, str]
    rule_set: str
    min_users: int
    personal: bool
    methods: Mapping[str, Any]
    generated_from: Mapping[str, str]
    version: str
    generated_at: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    made_up: MadeUp | None = None

    def frame(self, name: str) -> pl.DataFrame:
        """A table by its short name; an empty one if it was not handed over."""
        found = self.frames.get(name)
        return pl.DataFrame(schema=polars_schema(TABLES[name])) if found is None else found

    @property
    def axis(self) -> list[dt.date]:
        """Every month from the first to the last that holds sessions."""
        return month_range(self.months)

    @property
    def window(self) -> list[dt.date]:
        """Every month of the window, with and without sessions."""
        last = self.month.year * 12 + self.month.month - 1
        offsets = range(last - self.window_months + 1, last + 1)
        return [dt.date(offset // 12, offset % 12 + 1, 1) for offset in offsets]
