"""The specification curve: other choices are joined as the pipeline joins them, and each row says which it is."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl

from sessions_pipeline.analysis.curve import Choice, choices, curve, eligible
from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import TABLE_A1
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.sessions.eligibility import RULE_SETS, exclusion
from sessions_pipeline_tests.analysis.sessions import drawn_sessions
from sessions_pipeline_tests.dbt_like_sql.running import table

MONTH = dt.date(2026, 4, 1)
NAMES = ["s0", "s1", "s2", "s3"]
# In the sample of both sets; headless, of neither; inside an IDE, of all_interactive alone; no log said.
ENTRYPOINTS = ["cli", "sdk-cli", "claude-vscode", None]


def sessions() -> pl.DataFrame:
    return table(
        "core.sessions",
        session_id=NAMES,
        month=[MONTH] * 4,
        user_key=["a", "a", "b", "c"],
        transcript_sha256=NAMES,
        entrypoint=ENTRYPOINTS,
        human_prompts=[1, 2, 1, 3],
        model_calls=[1] * 4,
        tool_calls=[4] * 4,
        assistant_words=[10] * 4,
        is_eligible=[True, False, False, True],
    )


def labels() -> pl.DataFrame:
    """Rules call every session a novice's fix; the claude backend answered for s0 and s2 alone, an expert's build."""
    rows = [
        ("rules", name, classifier, label)
        for name in NAMES
        for classifier, label in (("expertise", "1"), ("work_mode", "fix"))
    ]
    rows += [
        ("claude", name, classifier, label)
        for name in ("s0", "s2")
        for classifier, label in (("expertise", "5"), ("work_mode", "build"))
    ]
    backends, names, classifiers, answers = (list(column) for column in zip(*rows, strict=True))
    return table(
        "labels.classifications",
        session_id=names,
        month=[MONTH] * len(rows),
        transcript_sha256=names,
        backend=backends,
        classifier=classifiers,
        label=answers,
        status=["ok"] * len(rows),
    )


def test_eligibility_is_that_of_the_rules_row_by_row() -> None:
    frame = sessions()
    for rule_set in RULE_SETS:
        expected = [exclusion(row, rule_set) is None for row in frame.to_dicts()]
        assert eligible(frame, rule_set).to_list() == expected
    assert eligible(frame, "study").to_list() == [True, False, False, True]
    assert eligible(frame, "all_interactive").to_list() == [True, False, True, True]


def test_every_other_backend_and_rule_set_is_joined_anew() -> None:
    in_force = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    found = {(c.backend, c.rule_set): c.sessions for c in choices(in_force, sessions(), labels(), "rules", "study")}
    assert set(found) == {(b, r) for b in ("rules", "claude") for r in ("study", "all_interactive")}
    assert found["rules", "study"] is in_force
    read = {
        key: dict(frame.sort("session_id").select("session_id", "expertise").iter_rows())
        for key, frame in found.items()
    }
    assert read["rules", "all_interactive"] == {"s0": 1, "s2": 1, "s3": 1}
    assert read["claude", "study"] == {"s0": 5, "s3": None}
    assert read["claude", "all_interactive"] == {"s0": 5, "s2": 5, "s3": None}
    validate("core.classified_sessions", found["claude", "all_interactive"])


def test_without_stored_labels_there_is_only_what_is_in_force() -> None:
    none = pl.DataFrame(schema=polars_schema("labels.classifications"))
    frame = drawn_sessions(seed=1)
    (only,) = choices(frame, sessions(), none, "claude", "study")
    assert only == Choice("claude", "study", frame)


def test_one_row_is_in_force_and_it_is_the_preferred_column() -> None:
    frame = drawn_sessions(seed=1).with_columns(labels_backend=pl.lit("rules"))
    half = frame.with_columns(
        labels_backend=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("claude")), expertise=pl.col("expertise")
    )
    found = [Choice("rules", "study", frame), Choice("claude", "study", half)]
    rows = validate("analysis.specification_curve", curve(found, MONTH, [dt.date(2026, 3, 1), MONTH], 5))
    (preferred,) = rows.filter("in_force").to_dicts()
    (fitted,) = coefficients(prepare(frame, [TABLE_A1[4]]), TABLE_A1[4], 5)
    said = set(rows.columns) & set(fitted) - {"sample", "controls", "missing_reason"}
    assert {"engine", "degrees_of_freedom", "n_dropped_small_cells", "n_dropped_singletons"} < said
    assert {name: preferred[name] for name in said} == {name: fitted[name] for name in said}
    assert (preferred["backend"], preferred["period"], preferred["n_unlabelled"]) == ("rules", "window", 0)
    unlabelled = rows.filter(pl.col("backend") == "claude", pl.col("period") == "window")["n_unlabelled"]
    assert unlabelled.unique().to_list() == [300]
    grain = ["backend", "rule_set", "period", "sample", "controls"]
    assert rows.select(grain).is_unique().all()
    assert (rows["estimate"].is_null() == rows["missing_reason"].is_not_null()).all()


def test_json_of_decisions_is_read_as_the_pipeline_reads_it() -> None:
    counts = {"planning_user": 3, "planning_agent": 1, "execution_user": 0, "execution_agent": 2}
    decided = labels().filter(pl.col("session_id") == "s0", pl.col("backend") == "claude").head(1)
    decided = decided.with_columns(classifier=pl.lit("decisions"), label=pl.lit(json.dumps(counts)))
    in_force = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    found = choices(in_force, sessions(), decided, "rules", "study")
    (claude,) = (c.sessions for c in found if (c.backend, c.rule_set) == ("claude", "study"))
    row = claude.filter(pl.col("session_id") == "s0").row(0, named=True)
    assert (row["user_planning_share"], row["user_execution_share"]) == (0.75, 0.0)
