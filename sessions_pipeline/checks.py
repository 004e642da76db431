"""Asset checks: most are the pandera models seen from Dagster; a few rules span rows or tables.

Rows are validated before they are written, so a model check that fails has kept the rows out: the months stay as they
were. The other checks look at what was written; a blocking one stops everything that depends on the table.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, Failure, MaterializeResult

from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.reference import ReferenceFileError, read_reference
from sessions_pipeline.metadata import asset_key, run_metadata, table_of
from sessions_pipeline.rows import BadRowsError
from sessions_pipeline.sessions.attrition import breaks, disagreements
from sessions_pipeline.sql import SqlModel
from sessions_pipeline.state import State

MODEL_CHECK = "rows_follow_the_model"
ASSERTION_CHECK = "header_assertions_hold"
MOST_UNLABELLED = 0.05
# A stratum with fewer labels says nothing: ten sessions miss a tenth of them by chance.
LABELS_TO_JUDGE_BY = 200
CODE_CHANGING = ("modifies_existing", "creates_new")


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    passed: bool
    facts: dict[str, Any]


@dataclass(frozen=True)
class SpanningCheck:
    """A rule over the months just written. blocking: what depends on the table waits until it holds."""

    name: str
    description: str
    blocking: bool
    look: Callable[[State, Sequence[dt.date]], Verdict]


def attrition_adds_up(state: State, months: Sequence[dt.date]) -> Verdict:
    """Recomputes every `remaining`, and compares what was found, eligible and analysed with the tables that hold it."""
    warehouse = state.warehouse
    table = warehouse.read("core.attrition", months)
    files, sessions = warehouse.read("raw.session_files", months), warehouse.read("core.sessions", months)
    classified = warehouse.read("core.classified_sessions", months)
    found = breaks(table) + disagreements(table, files, sessions, classified, months)
    return Verdict(not found, {"breaks": len(found), "where": "; ".join(found[:20]) or "nowhere"})


def labels_complete(state: State, months: Sequence[dt.date]) -> Verdict:
    """Sessions times classifiers against rows, and the share whose status is not ok."""
    eligible = state.warehouse.read("core.sessions", months).filter("is_eligible")
    current = _current_labels(state, months, eligible)
    answered = current.select("session_id", "classifier").unique().height
    expected = eligible.height * len(CLASSIFIERS)
    with_label = current.filter(pl.col("status") == "ok").select("session_id", "classifier").unique().height
    return Verdict(
        answered == expected,
        {
            "sessions": eligible.height,
            "rows missing": expected - answered,
            "share unlabelled": (expected - with_label) / expected if expected else 0.0,
        },
    )


def _current_labels(state: State, months: Sequence[dt.date], eligible: pl.DataFrame) -> pl.DataFrame:
    """Rows of the backend in force, read off the transcripts as they are now."""
    labels = state.warehouse.read("labels.classifications", months)
    current = labels.filter(pl.col("backend") == state.settings.backend)
    return current.join(eligible, on=["session_id", "transcript_sha256"], how="semi")


def unlabelled_share(labels: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Share without a label by month and stratum: model family, whether the transcript was cut.

    labels: current rows of `labels.classifications`. sessions: eligible rows of `core.sessions`.
    Columns: month, model_tier, transcript_truncated, labels (that should be there), unlabelled, share.
    """
    strata = ["month", "model_tier", "transcript_truncated"]
    labelled = labels.filter(pl.col("status") == "ok").select("session_id", "classifier").unique()
    counted = labelled.group_by("session_id").len("labelled")
    return (
        sessions.select("session_id", *strata)
        .join(counted, on="session_id", how="left")
        .group_by(strata)
        .agg(
            (pl.len() * len(CLASSIFIERS)).cast(pl.Int64).alias("labels"),
            (pl.len() * len(CLASSIFIERS) - pl.col("labelled").fill_null(0).sum()).cast(pl.Int64).alias("unlabelled"),
        )
        .with_columns((pl.col("unlabelled") / pl.col("labels")).alias("share"))
        .sort(strata, nulls_last=True)
    )


def labels_not_missing_by_stratum(state: State, months: Sequence[dt.date]) -> Verdict:
    """What is unlabelled is not imputed: where it is common, or commoner in one stratum, it can tilt a result."""
    eligible = state.warehouse.read("core.sessions", months).filter("is_eligible")
    shares = unlabelled_share(_current_labels(state, months, eligible), eligible)
    expected, unlabelled = int(shares["labels"].sum()), int(shares["unlabelled"].sum())
    share = unlabelled / expected if expected else 0.0
    tilted = shares.filter((pl.col("labels") >= LABELS_TO_JUDGE_BY) & (pl.col("share") > MOST_UNLABELLED)).height
    facts = {
        "share unlabelled": round(share, 4),
        "strata above 5%": tilted,
        "by month and stratum": table_of(shares),
    }
    return Verdict(share <= MOST_UNLABELLED and not tilted, facts)


def code_changes_show(state: State, months: Sequence[dt.date]) -> Verdict:
    """The study's own check of labels against telemetry, as a number."""
    sessions = state.warehouse.read("core.classified_sessions", months)
    labelled = sessions.filter(pl.col("codebase_context").is_in(CODE_CHANGING))
    changed = labelled.filter((pl.col("lines_added") > 0) | (pl.col("lines_removed") > 0))
    share = changed.height / labelled.height if labelled.height else 1.0
    return Verdict(
        share >= 0.9, {"sessions": labelled.height, "with changed lines": changed.height, "share": round(share, 3)}
    )


def every_response_has_a_price(state: State, months: Sequence[dt.date]) -> Verdict:
    """Counts what has no cost because its model is not on the price list, and names the models."""
    unpriced = state.warehouse.read("core.model_use", months).filter(pl.col("api_cost_usd").is_null())
    models = unpriced["model"].fill_null("no model named").unique().sort()
    return Verdict(
        unpriced.is_empty(),
        {
            "models without a price": ", ".join(models) or "none",
            "responses": unpriced["responses"].sum(),
            "sessions": unpriced["session_id"].n_unique(),
        },
    )


def reference_is_used(state: State, months: Sequence[dt.date]) -> Verdict:
    """Reads the file of reference labels again and counts what could not be used; passes where none is set."""
    path = state.settings.reference_labels
    if path is None:
        return Verdict(True, {"reference labels": "none are set"})
    try:
        reference = read_reference(path)
    except ReferenceFileError as error:
        return Verdict(False, {"reason": str(error)})
    return Verdict(not reference.left_out, {what: len(places) for what, places in reference.left_out.items()})


SPANNING_CHECKS: Mapping[str, tuple[SpanningCheck, ...]] = {
    "core.attrition": (
        SpanningCheck(
            "adds_up",
            "Every rule has its row in every month, every step is the step before it minus what the rule removed, and "
            "what was found, in the sample and analysed is what the tables hold.",
            True,
            attrition_adds_up,
        ),
    ),
    "labels.classifications": (
        SpanningCheck(
            "every_eligible_session_has_a_row",
            "Every eligible session has a row for every classifier; the share without a label is reported.",
            False,
            labels_complete,
        ),
        SpanningCheck(
            "few_labels_are_missing_in_every_stratum",
            "The share of labels that are not there (refused, invalid, expired, failed, not asked) by month, model "
            "family and whether the transcript was cut; at most 5%, also in each stratum of 200 labels or more. "
            "Nothing is imputed.",
            False,
            labels_not_missing_by_stratum,
        ),
    ),
    "core.model_use": (
        SpanningCheck(
            "every_response_has_a_price",
            "Every model is on the price list; a session with a response by one that is not has no cost.",
            False,
            every_response_has_a_price,
        ),
    ),
    "analysis.agreement": (
        SpanningCheck(
            "reference_labels_are_used",
            "The file of the setting reference_labels can be read, and every line and label of it is known.",
            False,
            reference_is_used,
        ),
    ),
    "core.classified_sessions": (
        SpanningCheck(
            "code_changing_sessions_show_changed_lines",
            "Of the sessions labelled as creating or changing code, the share whose telemetry shows changed lines; "
            "the study found over 90%. Edits by shell commands are invisible.",
            False,
            code_changes_show,
        ),
    ),
}


def check_specs(table: str, model: SqlModel | None = None) -> list[AssetCheckSpec]:
    """The checks of `table`: its pandera model, the assertions of its SQL file, and rules that span tables."""
    specs = [
        AssetCheckSpec(
            MODEL_CHECK,
            asset=asset_key(table),
            blocking=True,
            description="Names, types, nulls, ranges and keys as in schemas.py; validated before anything is written.",
        )
    ]
    if model and model.assertions:
        promises = "".join(f"\n- {assertion.text}" for assertion in model.assertions)
        description = f"What the header of the SQL file promises:{promises}"
        specs.append(AssetCheckSpec(ASSERTION_CHECK, asset=asset_key(table), blocking=True, description=description))
    for check in SPANNING_CHECKS.get(table, ()):
        specs.append(
            AssetCheckSpec(check.name, asset=asset_key(table), blocking=check.blocking, description=check.description)
        )
    return specs


def store(
    state: State, table: str, frame: pl.DataFrame, months: Sequence[dt.date], extra: dict[str, Any] | None = None
) -> Iterator[AssetCheckResult | MaterializeResult]:
    """Writes `frame` as the rows of `table` in `months`; yields the checks and the materialization.

    Bad rows are not written: the model check fails with their keys and columns, and so does the run.
    """
    key = asset_key(table)
    try:
        rows = state.warehouse.replace_window(table, frame, months)
    except BadRowsError as error:
        yield AssetCheckResult(
            passed=False, asset_key=key, check_name=MODEL_CHECK, metadata={"broken rules": str(error)}
        )
        raise Failure(f"{table} was left as it was: {error}") from None
    yield AssetCheckResult(
        passed=True, asset_key=key, check_name=MODEL_CHECK, metadata={"rows": rows, "months": len(months)}
    )
    yield MaterializeResult(asset_key=key, metadata={**run_metadata(table, frame, len(months)), **(extra or {})})
    for check in SPANNING_CHECKS.get(table, ()):
        verdict = check.look(state, months)
        severity = AssetCheckSeverity.ERROR if check.blocking else AssetCheckSeverity.WARN
        yield AssetCheckResult(
            passed=verdict.passed, asset_key=key, check_name=check.name, metadata=verdict.facts, severity=severity
        )


def assertion_result(state: State, model: SqlModel, values: Mapping[str, object]) -> AssetCheckResult:
    """Runs every assertion of a SQL file over the months of the run; each must find no row that breaks it."""
    broken = {}
    for assertion in model.assertions:
        found = state.warehouse.query(assertion.sql, {name: values[name] for name in assertion.parameters})
        broken[assertion.text] = found.height
    return AssetCheckResult(
        passed=not any(broken.values()),
        asset_key=asset_key(model.table),
        check_name=ASSERTION_CHECK,
        metadata={f"broken by: {text}": rows for text, rows in broken.items()},
    )
