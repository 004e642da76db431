"""Collects what the report of a vintage says: tables of its window, counts, versions and digests."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version

import polars as pl

from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.config import Settings
from sessions_pipeline.months import window_ending
from sessions_pipeline.report.inputs import TABLES, ReportInputs
from sessions_pipeline.sessions.eligibility import RULE_SETS
from sessions_pipeline.sessions.prices import price_list
from sessions_pipeline.simulate.study import VERSION as SIMULATED

# Beside the released tables: what the counts and digests are taken from.
SOURCES = ("core.sessions", "raw.session_files", "labels.classifications")


def collect(
    month: dt.date,
    tables: Mapping[str, pl.DataFrame],
    settings: Settings,
    *,
    personal: bool,
    min_users: int,
    demo: bool = False,
) -> ReportInputs:
    """The inputs of the report of vintage `month`.

    tables: table name -> rows, of SOURCES and of those of TABLES that are wanted; the months of the window at least.
    demo: whether logs that the demo wrote are among the sources.
    """
    window = window_ending(month, settings.window_months)
    inside = {name: frame.filter(pl.col("month").is_in(window)) for name, frame in tables.items()}
    sessions = inside["core.sessions"]
    eligible = sessions.filter("is_eligible")
    labels = inside["labels.classifications"].filter(pl.col("backend") == settings.backend)
    return ReportInputs(
        month=month,
        window_months=settings.window_months,
        months=tuple(sorted(set(eligible["month"]))),
        frames={short: inside[table] for short, table in TABLES.items() if table in inside},
        sessions=sessions.height,
        eligible_sessions=eligible.height,
        users=eligible["user_key"].n_unique(),
        backend=settings.backend,
        label_versions=_label_versions(labels),
        rule_set=settings.rule_set,
        min_users=min_users,
        personal=personal,
        methods=_methods(settings),
        generated_from={
            "log files (their digests, sorted)": _digest(inside["raw.session_files"]["digest"]),
            "transcripts (their digests, sorted)": _digest(eligible["transcript_sha256"]),
            "classifiers (questions and labels)": _digest(c.sha256 for c in CLASSIFIERS.values()),
        },
        version=version("sessions-pipeline"),
        prompts=_prompts(labels),
        made_up="sessions" if (sessions["cli_version"] == SIMULATED).any() else "logs" if demo else None,
    )


def _label_versions(labels: pl.DataFrame) -> dict[str, str]:
    """classifier -> the backend versions whose labels are there."""
    grouped = labels.group_by("classifier").agg(pl.col("model").unique().sort()).sort("classifier")
    return {classifier: ", ".join(models) for classifier, models in grouped.iter_rows()}


def _prompts(labels: pl.DataFrame) -> dict[str, str]:
    """classifier -> digest of what was asked; over all of them where a session's own numbers are part of it."""
    grouped = labels.group_by("classifier").agg(pl.col("prompt_sha256").unique()).sort("classifier")
    return {name: asked[0] if len(asked) == 1 else _digest(asked) for name, asked in grouped.iter_rows()}


def _methods(settings: Settings) -> dict[str, str]:
    dated, _ = price_list()
    methods = {
        **{f"Left out: {rule.name.replace('_', ' ')}": rule.description for rule in RULE_SETS[settings.rule_set]},
        "Users": "the first folder under each source" if settings.users == "folder" else "one person's logs",
        "Reference labels": "compared with" if settings.reference_labels else "none",
        "Transcript": f"each turn cut in the middle to {settings.turn_chars:,} characters, the whole to "
        f"{settings.transcript_chars:,} characters",
        "Price list of tokens": f"{dated:%d %B %Y}",
    }
    if settings.backend == "claude":
        methods |= {
            "Judge": settings.judge_model,
            "Task value": f"posting by {settings.posting_model}, price by {settings.pricing_model}",
            "Asked": f"by {settings.api_mode} requests",
        }
    return methods


def _digest(values: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(values)).encode()).hexdigest()
