"""Asset checks: most are the pandera models seen from Dagster; a few rules span rows or tables.

Whatever can stop a run is looked at before the rows are committed: their model, the gates (rules that span rows or
tables), and what the header of a SQL file promises. If one fails, the months stay as they were, the run fails, and what
depends on the table is not made. The other checks look at what was written, and report.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetExecutionContext, MaterializeResult

from sessions_pipeline.analysis.specifications import PREFERRED
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, DECIDERS, DECISION_KINDS
from sessions_pipeline.classifications.reference import ReferenceFileError, read_reference
from sessions_pipeline.metadata import asset_key, describe_months, run_metadata, table_of
from sessions_pipeline.months import months_between
from sessions_pipeline.rows import BadRowsError, valid_rows
from sessions_pipeline.runs import lasting_failure
from sessions_pipeline.schemas import TABLES, USERS_COLUMNS, polars_schema
from sessions_pipeline.sessions.attrition import breaks, disagreements
from sessions_pipeline.snapshot import is_published
from sessions_pipeline.sql import SqlModel
from sessions_pipeline.state import State
from sessions_pipeline.texts import KEYS, keys_of, odd_names, refuse_texts
from sessions_pipeline.warehouse import BrokenAssertionsError, Query

MODEL_CHECK = "rows_follow_the_model"
ASSERTION_CHECK = "header_assertions_hold"
MOST_UNLABELLED = 0.05
# A stratum with fewer labels says nothing: ten sessions miss a tenth of them by chance.
LABELS_TO_JUDGE_BY = 200
# Shares are sums of floats.
ROUNDING = 1e-9
# What a published row says of its whole sample, or of the study, and not of its cell.
NUMBERS_OF_SAMPLES = (
    "n_parameters",
    "r_squared",
    "published_std_error",
    "published_sessions",
)
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


@dataclass(frozen=True)
class Gate:
    """A rule that rows must keep before they replace those of the months. look: state, table, the rows, the months."""

    name: str
    description: str
    look: Callable[[State, str, pl.DataFrame, Sequence[dt.date]], Verdict]


def attrition_adds_up(state: State, _table: str, rows: pl.DataFrame, months: Sequence[dt.date]) -> Verdict:
    """Recomputes every `remaining`, and compares what was found, eligible and analysed with the tables that hold it."""
    warehouse = state.warehouse
    files, sessions = warehouse.read("raw.session_files", months), warehouse.read("core.sessions", months)
    classified = warehouse.read("core.classified_sessions", months)
    found = breaks(rows) + disagreements(rows, files, sessions, classified, months)
    return Verdict(not found, {"breaks": len(found), "where": "; ".join(found[:20]) or "nowhere"})


def decision_shares_sum_to_one(state: State, _table: str, rows: pl.DataFrame, months: Sequence[dt.date]) -> Verdict:
    """The user's share is that of the label's counts, so that with the agent's share it makes one; null without any."""
    counts = state.warehouse.read("staging.current_labels", months)
    both = rows.join(counts, on="session_id", how="inner", suffix="_label")
    facts: dict[str, Any] = {"sessions": both.height}
    broken = []
    for kind in DECISION_KINDS:
        user, agent = (pl.col(f"{who}_{kind}_decisions").fill_null(0) for who in DECIDERS)
        share = pl.col(f"user_{kind}_share")
        sums = (share + agent / (user + agent) - 1).abs() < ROUNDING
        at = both.filter(~pl.when(user + agent > 0).then(sums.fill_null(False)).otherwise(share.is_null()))
        facts[f"{kind}: shares that do not sum to one"] = at.height
        if at.height:
            broken.append(f"user_{kind}_share: {_named(at, ['session_id'])}")
    return Verdict(not broken, {**facts, "where": "; ".join(broken) or "nowhere"})


def shares_sum_to_one(state: State, _table: str, rows: pl.DataFrame, months: Sequence[dt.date]) -> Verdict:
    """Shares that are shown, and those of the sessions whose share is withheld, counted here, make one."""
    withheld = rows.filter("suppressed").select("month", "period", "work_mode")
    periods = state.warehouse.read("staging.periods", months)
    first = min([*periods["first_month"], *months])
    counted = (
        state.warehouse.read("core.classified_sessions", months_between(first, max(months)))
        .filter(pl.col("work_mode").is_not_null())
        .group_by("month", "work_mode")
        .len("sessions")
        .rename({"month": "of"})
    )
    cells = (
        periods.join(counted, how="cross")
        .filter(pl.col("of").is_between("first_month", "last_month"))
        .group_by("month", "period", "work_mode")
        .agg(pl.col("sessions").sum())
        .with_columns((pl.col("sessions") / pl.col("sessions").sum().over("month", "period")).alias("share"))
    )
    hidden = cells.join(withheld, on=["month", "period", "work_mode"], how="semi")
    shown = rows.select("month", "period", pl.col("estimate").alias("share"))
    sums = (
        pl.concat([shown, hidden.select("month", "period", "share")])
        .group_by("month", "period")
        .agg(pl.col("share").sum())
        .sort("month", "period")
    )
    off = sums.filter((pl.col("share") - 1).abs() > ROUNDING)
    return Verdict(
        off.is_empty(),
        {"months and windows": sums.height, "do not sum to one": _named(off, ["month", "period"]) or "none"},
    )


def no_cell_under_the_threshold(state: State, table: str, rows: pl.DataFrame, _months: Sequence[dt.date]) -> Verdict:
    """Every row with a number of a cell stands for `min_users` users, or for nobody; a suppressed one has no number.

    Numbers of a cell are the columns that may be null, because that is how they are withheld.
    """
    threshold, columns = state.min_users(), TABLES[table].to_schema().columns
    users = next((name for name in USERS_COLUMNS if name in columns), None)
    if users is None:
        return Verdict(
            False, {"where": f"no column says how many users a row stands for: {' or '.join(USERS_COLUMNS)}"}
        )
    numbers = [name for name in rows.select(cs.numeric()).columns if columns[name].nullable or name == users]
    shown = pl.any_horizontal(pl.col(name).is_not_null() for name in numbers if name not in NUMBERS_OF_SAMPLES)
    too_few = pl.col(users).is_null() | pl.col(users).is_between(1, threshold - 1)
    withheld = pl.col("suppressed") if "suppressed" in columns else pl.lit(False)
    broken = rows.filter(shown & (too_few | withheld))
    return Verdict(
        broken.is_empty(),
        {
            "users that a number stands for, at least": threshold,
            "rows with a number of fewer, or that should be withheld": broken.height,
            "where": _named(broken, keys_of(table)) or "nowhere",
        },
    )


def no_key_of_a_person(state: State, _table: str, rows: pl.DataFrame, _months: Sequence[dt.date]) -> Verdict:
    """No column is a key, and no text is the id of a session or the key of a user or project."""
    columns = [name for name in rows.columns if name in KEYS]
    texts = {name: rows[name].drop_nulls().unique().to_list() for name in rows.select(cs.string()).columns}
    keys = [name for name in polars_schema("core.sessions") if name in KEYS]
    # One question for all columns: to open the warehouse takes longer than to answer.
    holds = (
        f"bool_or({' or '.join(f'list_contains($texts_{at}, {key})' for key in keys)}) as holds_{at}"
        for at in range(len(texts))
    )
    if texts:
        given = {f"texts_{at}": values for at, values in enumerate(texts.values())}
        found = state.warehouse.query(f"select {', '.join(holds)} from core.sessions", given).row(0)
        columns += [name for name, held in zip(texts, found, strict=True) if held]
    return Verdict(not columns, {"text columns": len(texts), "columns with a key": ", ".join(columns) or "none"})


def _named(rows: pl.DataFrame, keys: Sequence[str]) -> str:
    """The first rows by their keys, and how many more there are."""
    named = [" ".join(str(value) for value in row) for row in rows.select(keys).head(3).iter_rows()]
    return ", ".join(named) + (f" and {rows.height - 3} more" if rows.height > 3 else "")


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
        f"strata of {LABELS_TO_JUDGE_BY} labels and more above 5%": tilted,
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


def names_look_like_names(state: State, months: Sequence[dt.date]) -> Verdict:
    """Counts ids, models, versions and entry points that a log gives and that look like text."""
    odd = odd_names(state.warehouse.read("core.sessions", months))
    return Verdict(not any(odd.values()), odd)


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


def gold_labels_suffice(state: State, months: Sequence[dt.date]) -> Verdict:
    """Counts the estimates that gold labels corrected, and why others are not; passes where there are none at all."""
    rows = state.warehouse.read("analysis.corrected_estimates", months).filter(pl.col("draw_id").is_not_null())
    rows = rows.filter(period="window")
    headline = rows.filter(quantity=PREFERRED, correction="outcome")
    reasons = rows.filter(~pl.col("suppressed")).drop_nulls("missing_reason")["missing_reason"].value_counts(sort=True)
    return Verdict(
        headline["corrected"].null_count() == 0,
        {
            "corrected": rows["corrected"].count(),
            "not corrected": rows["corrected"].null_count(),
            "why not": "; ".join(f"{reason}: {n}" for reason, n in reasons.head(5).iter_rows()) or "none is",
        },
    )


SPANNING_CHECKS: Mapping[str, tuple[SpanningCheck, ...]] = {
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
    "core.sessions": (
        SpanningCheck(
            "names_from_logs_look_like_names",
            "Session ids, models, versions and entry points are stored as the log has them; how many look like text.",
            False,
            names_look_like_names,
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
    "analysis.corrected_estimates": (
        SpanningCheck(
            "gold_labels_suffice",
            "Where there are gold labels, they correct the preferred slope of every vintage of the run.",
            False,
            gold_labels_suffice,
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

GATES: Mapping[str, tuple[Gate, ...]] = {
    "core.attrition": (
        Gate(
            "adds_up",
            "Every rule has its row in every month, every step is the step before it minus what the rule removed, and "
            "what was found, in the sample and analysed is what the tables hold.",
            attrition_adds_up,
        ),
    ),
    "core.classified_sessions": (
        Gate(
            "decision_shares_sum_to_one",
            "In planning and in execution the user's share and the agent's make one where there are decisions; where "
            "there are none, there is no share.",
            decision_shares_sum_to_one,
        ),
    ),
    "marts.work_mode_shares": (
        Gate(
            "shares_sum_to_one",
            "The shares of each month and window make one, with those that are withheld.",
            shares_sum_to_one,
        ),
    ),
}
GATES_OF_PUBLISHED = (
    Gate(
        "no_cell_under_the_user_threshold",
        "Every number of a cell stands for min_users users or more (a cell of nobody may say so), and a row that is "
        "withheld has none. One person's own data have no threshold.",
        no_cell_under_the_threshold,
    ),
    Gate(
        "no_key_of_a_person",
        "No column is the key of a session, user, project or file, and no text is one of those in core.sessions.",
        no_key_of_a_person,
    ),
)


def gates(table: str) -> tuple[Gate, ...]:
    """The rules that rows of `table` must keep before they are committed, beside its model."""
    return GATES.get(table, ()) + (GATES_OF_PUBLISHED if is_published(table) else ())


def check_specs(table: str, model: SqlModel | None = None) -> list[AssetCheckSpec]:
    """The checks of `table`: its pandera model, the assertions of its SQL file, and rules that span tables."""
    specs = [
        AssetCheckSpec(
            MODEL_CHECK,
            asset=asset_key(table),
            blocking=True,
            description="Names, types, nulls, ranges and keys as in schemas.py, and no text that is none of the "
            "program's own words, digests or versions; validated before anything is written.",
        )
    ]
    for gate in gates(table):
        specs.append(AssetCheckSpec(gate.name, asset=asset_key(table), blocking=True, description=gate.description))
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
    state: State,
    table: str,
    frame: pl.DataFrame,
    months: Sequence[dt.date],
    extra: dict[str, Any] | None = None,
    assertions: Mapping[str, Query] | None = None,
) -> Iterator[AssetCheckResult | MaterializeResult]:
    """Writes `frame` as the rows of `table` in `months`; yields the checks and the materialization.

    assertions: text -> SELECT of what breaks it, asked before the commit. Rows that break the model, a gate or an
    assertion are not written: the check fails with their keys and columns, and so does the run.
    """
    key, verdicts = asset_key(table), dict[str, Verdict]()

    def examine(rows: pl.DataFrame) -> None:
        refuse_texts(table, rows)
        for gate in gates(table):
            verdicts[gate.name] = gate.look(state, table, rows, months)
        if failed := [name for name, verdict in verdicts.items() if not verdict.passed]:
            raise GateClosedError(", ".join(failed))

    def results() -> Iterator[AssetCheckResult]:
        for name, verdict in verdicts.items():
            yield AssetCheckResult(passed=verdict.passed, asset_key=key, check_name=name, metadata=verdict.facts)

    try:
        rows = state.warehouse.replace_window(table, frame, months, examine, assertions or {})
    except BadRowsError as error:
        if isinstance(error, BrokenAssertionsError):
            named = {
                text: _named(found, [n for n in keys_of(table) if n in found.columns]) for text, found in error.broken
            }
            verdicts[ASSERTION_CHECK] = Verdict(False, _broken(dict.fromkeys(assertions or {}, "") | named))
        elif not isinstance(error, GateClosedError):
            verdicts[MODEL_CHECK] = Verdict(False, {"broken rules": str(error)})
        yield from results()
        raise lasting_failure(f"{table} was left as it was: {error}") from None
    verdicts[MODEL_CHECK] = Verdict(True, {"rows": rows, "months": len(months)})
    if assertions:
        verdicts[ASSERTION_CHECK] = Verdict(True, _broken(dict.fromkeys(assertions, "")))
    yield from results()
    describe_months(AssetExecutionContext.get(), table, frame)
    yield MaterializeResult(asset_key=key, metadata={**run_metadata(table, frame, len(months)), **(extra or {})})
    for check in SPANNING_CHECKS.get(table, ()):
        verdict = check.look(state, months)
        severity = AssetCheckSeverity.ERROR if check.blocking else AssetCheckSeverity.WARN
        yield AssetCheckResult(
            passed=verdict.passed, asset_key=key, check_name=check.name, metadata=verdict.facts, severity=severity
        )


class GateClosedError(BadRowsError):
    """Rows that keep their model and break a rule that spans rows or tables."""


def assertion_queries(model: SqlModel, values: Mapping[str, object]) -> dict[str, Query]:
    """Text of every assertion of a SQL file -> the SELECT of what breaks it in the months of the run."""
    return {
        assertion.text: (assertion.sql, {name: values[name] for name in assertion.parameters})
        for assertion in model.assertions
    }


def _broken(found: Mapping[str, str]) -> dict[str, Any]:
    """Text of each assertion -> the rows that break it, named."""
    return {f"broken by: {text}": where or "none" for text, where in found.items()}


def look_at(state: State, table: str, months: Sequence[dt.date]) -> Iterator[AssetCheckResult | MaterializeResult]:
    """Checks and counts the rows of a table that a command wrote; writes nothing."""
    key, rows = asset_key(table), state.warehouse.read(table, months)
    try:
        valid_rows(table, rows, months)
        broken = None
    except BadRowsError as error:
        broken = str(error)
    facts: dict[str, Any] = {"broken rules": broken} if broken else {"rows": rows.height, "months": len(months)}
    yield AssetCheckResult(passed=broken is None, asset_key=key, check_name=MODEL_CHECK, metadata=facts)
    yield MaterializeResult(asset_key=key, metadata=run_metadata(table, rows, len(months)))
