"""The distilled judge: it learns a planted rule, says how well, and knows what it learned from."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.classifications.backend import TELEMETRY_READ, Decisions
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, task_value_band
from sessions_pipeline.classifications.distilled import (
    FEWEST_SESSIONS,
    DistilledBackend,
    TooFewLabelsError,
    TrainingSet,
    judged_sessions,
    training_set,
)
from sessions_pipeline.classifications.labelling import label_month
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.transcript import Turn, render
from sessions_pipeline.sessions.transcripts import SCHEMA
from sessions_pipeline_tests.dbt_like_sql.running import table

MONTH = dt.date(2026, 1, 1)
NOW = dt.datetime(2026, 2, 1)
FILLER = [f"word{number}" for number in range(25)]
MODE_WORDS = {"fix": "broken", "build": "create", "operate": "deploy", "understand": "explain"}
LEVEL_WORDS = {"2": "somehow", "3": "exactly", "4": "invariant"}


def _mostly(chance: random.Random, context: str) -> str:
    return chance.choice(["modifies_existing", "explores_existing"]) if chance.random() < 0.25 else context


class Planted:
    """Sessions whose labels follow from a word, a count or both, by a rule that is written out here."""

    def __init__(self, sessions: int, seed: int = 7, users: int = 30) -> None:
        chance = random.Random(seed)
        self.rows: list[dict[str, Any]] = []
        self.texts: list[tuple[str, str, str]] = []
        self.truth: dict[str, dict[str, tuple[str, float | None]]] = {}
        for number in range(sessions):
            name, mode, level = f"{seed}-{number:04}", chance.choice(list(MODE_WORDS)), chance.choice(list(LEVEL_WORDS))
            words = [*chance.choices(FILLER, k=25), MODE_WORDS[mode], LEVEL_WORDS[level]]
            chance.shuffle(words)
            opening, answer = " ".join(words), " ".join(chance.choices(FILLER, k=40))
            transcript = render([Turn("human", opening), Turn("assistant", answer)])
            commits, lines, calls = chance.randrange(3), chance.choice([0, 20, 400]), chance.choice([1, 9, 60])
            self.texts.append((name, transcript.text, opening))
            self.rows.append(
                {
                    **dict.fromkeys(TELEMETRY_READ["distilled"], 1),
                    "session_id": name,
                    "user_key": f"u{chance.randrange(users)}",
                    "transcript_sha256": transcript.sha256,
                    "git_commits": commits,
                    "lines_added": lines,
                    "tool_calls": calls,
                    "last_test_passed": None,
                    "active_seconds": 1.0,
                }
            )
            usd = 20.0 + 5 * lines
            self.truth[name] = {
                "work_mode": (mode, None),
                "expertise": (level, float(level)),
                "expertise_opening": (level, float(level)),
                "user_occupation": ("unclear", None),
                "task_occupation": ("15", None),
                "outcome": ("succeeded" if commits else "failed", None),
                "success_signal": (str(2 + commits), 2.0 + commits),
                "failure_signal": ("none" if commits else "4", 0.0 if commits else 4.0),
                "decisions": (Decisions(2, 1, 1, calls).label, None),
                "codebase_context": (_mostly(chance, "modifies_existing" if lines else "explores_existing"), None),
                "task_value": (task_value_band(usd), usd),
            }

    @property
    def sessions(self) -> pl.DataFrame:
        columns = {name: [row[name] for row in self.rows] for name in self.rows[0]}
        return table("core.sessions", **columns, is_eligible=[True] * len(self.rows)).with_columns(
            month=pl.lit(MONTH), last_test_passed=pl.lit(None, pl.Boolean)
        )

    @property
    def transcripts(self) -> pl.DataFrame:
        return pl.DataFrame(self.texts, schema=SCHEMA, orient="row")

    def judged(self, sessions: int) -> pl.DataFrame:
        """A judge's labels of the first sessions."""
        rows = [
            (row["session_id"], MONTH, name, *self.truth[row["session_id"]][name], row["transcript_sha256"])
            for row in self.rows[:sessions]
            for name in CLASSIFIERS
        ]
        names = ("session_id", "month", "classifier", "label", "value", "transcript_sha256")
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        return table("labels.classifications", **columns, backend=["claude"] * len(rows), status=["ok"] * len(rows))

    def training(self, sessions: int) -> TrainingSet:
        judged = judged_sessions(self.sessions, self.judged(sessions))
        return training_set(self.sessions, judged, self.transcripts)


LEARNED = FEWEST_SESSIONS + 40
PLANTED = Planted(LEARNED + 120)


@pytest.fixture(scope="module")
def backend() -> DistilledBackend:
    return DistilledBackend(PLANTED.training(LEARNED))


@pytest.fixture(scope="module")
def labelled(backend: DistilledBackend) -> pl.DataFrame:
    """All sessions, of which the first were judged, after one run."""
    known = PLANTED.judged(LEARNED)
    return label_month(MONTH, PLANTED.sessions, PLANTED.transcripts, known, backend, NOW).rows


def right(labelled: pl.DataFrame, classifier: str, learned: bool) -> float:
    """Share of labels that follow the planted rule, of sessions that were learned from or of the others."""
    names = {row["session_id"] for row in (PLANTED.rows[:LEARNED] if learned else PLANTED.rows[LEARNED:])}
    found = labelled.filter(pl.col("backend") == "distilled", pl.col("classifier") == classifier)
    hits = [
        row["label"] == PLANTED.truth[row["session_id"]][classifier][0]
        for row in found.to_dicts()
        if row["session_id"] in names
    ]
    assert len(hits) == len(names)
    return sum(hits) / len(hits)


@pytest.mark.parametrize("classifier", sorted(set(CLASSIFIERS) - {"decisions", "task_value", "codebase_context"}))
def test_a_planted_rule_is_found_in_sessions_that_nobody_judged(labelled: pl.DataFrame, classifier: str) -> None:
    """The most frequent label would be right in a quarter to two thirds of them."""
    assert right(labelled, classifier, learned=False) > 0.9


def test_counts_and_prices_follow_the_planted_ones(labelled: pl.DataFrame) -> None:
    unjudged = {row["session_id"] for row in PLANTED.rows[LEARNED:]}
    truth, found = [], []
    for row in labelled.filter(pl.col("backend") == "distilled").iter_rows(named=True):
        if row["session_id"] in unjudged and row["classifier"] == "task_value":
            truth.append(PLANTED.truth[row["session_id"]]["task_value"][1])
            found.append(row["value"])
            assert row["label"] == task_value_band(row["value"])
    assert (
        pl.DataFrame({"truth": truth, "found": found}).select(pl.corr("truth", "found", method="spearman")).item() > 0.8
    )


def test_probabilities_are_kept_and_follow_how_sure_one_can_be(labelled: pl.DataFrame) -> None:
    """A quarter of the codebase contexts are drawn at random; the other labels follow their rules."""
    found = labelled.filter(pl.col("backend") == "distilled")
    numbers = found.filter(pl.col("classifier").is_in(["decisions", "task_value"]))
    assert numbers["probability"].is_null().all()
    noisy, clean = (found.filter(classifier=name)["probability"] for name in ("codebase_context", "outcome"))
    assert clean.mean() > noisy.mean() + 0.05
    assert noisy.mean() == pytest.approx(right(labelled, "codebase_context", learned=True), abs=0.12)
    assert found["probability"].drop_nulls().is_between(0, 1).all()


def test_held_out_agreement_is_told(backend: DistilledBackend, labelled: pl.DataFrame) -> None:
    told = backend.agreement()
    assert set(told) == set(CLASSIFIERS)
    for name in ("work_mode", "success_signal"):
        assert told[name]["sessions"] == LEARNED
        assert told[name]["exact"] == pytest.approx(right(labelled, name, learned=True), abs=0.001)
        assert told[name]["kappa"] > 0.8
    assert told["work_mode"]["majority"] < 0.35
    # A judge that always says the same leaves nothing to agree about beyond chance.
    assert "kappa" not in told["task_occupation"]
    assert told["task_value"]["correlation"] > 0.8


def test_too_few_labels_are_refused_with_how_many_there_are() -> None:
    with pytest.raises(TooFewLabelsError, match=f"{FEWEST_SESSIONS} sessions .* work_mode 199, .*--backend claude"):
        DistilledBackend(PLANTED.training(199))


def test_without_a_judge_there_is_nothing_to_learn_from() -> None:
    rules = PLANTED.judged(LEARNED).with_columns(backend=pl.lit("rules"))
    assert judged_sessions(PLANTED.sessions, rules).is_empty()
    assert "work_mode 0" in (training_set(PLANTED.sessions, rules.clear(), PLANTED.transcripts).problem() or "")


def test_the_same_training_set_gives_the_same_labels_and_asks_nothing_again(
    backend: DistilledBackend, labelled: pl.DataFrame
) -> None:
    again = DistilledBackend(PLANTED.training(LEARNED))
    assert again.training == backend.training
    later = NOW + dt.timedelta(days=1)
    assert label_month(MONTH, PLANTED.sessions, PLANTED.transcripts, labelled, again, later).rows.equals(labelled)
    fresh = label_month(MONTH, PLANTED.sessions, PLANTED.transcripts, PLANTED.judged(LEARNED), again, NOW).rows
    assert fresh.equals(labelled)


@pytest.mark.parametrize("change", ["label", "transcript_sha256", "git_commits"])
def test_the_version_knows_labels_texts_and_counts(change: str, backend: DistilledBackend) -> None:
    planted = Planted(LEARNED)
    if change == "label":
        planted.truth[planted.rows[0]["session_id"]]["work_mode"] = ("test", None)
    else:
        planted.rows[0][change] = "other" if change == "transcript_sha256" else 99
    same = Planted(LEARNED)
    assert same.training(LEARNED).sha256 == backend.training.sha256
    assert planted.training(LEARNED).sha256 != same.training(LEARNED).sha256


def test_nothing_of_a_text_is_in_a_label(labelled: pl.DataFrame) -> None:
    assert labelled.schema == polars_schema("labels.classifications")
    assert set(labelled["batch_id"]) == {None}
    written = "\n".join(str(row) for row in labelled.drop("transcript_sha256").iter_rows())
    assert not any(word in written for word in ("invariant", "somehow", "broken"))


# What was learned last is kept: tests that learn something else stand at the end.
def test_another_training_set_is_another_version_and_labels_everything_anew(labelled: pl.DataFrame) -> None:
    more = DistilledBackend(PLANTED.training(LEARNED + 1))
    assert more.model(CLASSIFIERS["outcome"]).startswith("distilled-")
    known = labelled.vstack(
        PLANTED.judged(LEARNED + 1).filter(pl.col("session_id") == PLANTED.rows[LEARNED]["session_id"])
    )
    later = NOW + dt.timedelta(days=1)
    found = label_month(MONTH, PLANTED.sessions, PLANTED.transcripts, known, more, later).rows
    distilled = found.filter(pl.col("backend") == "distilled")
    assert distilled.height == len(PLANTED.rows) * len(CLASSIFIERS)
    assert set(distilled["model"]) == {more.training.version}
    assert set(distilled["classified_at"]) == {later}
    assert found.filter(pl.col("backend") == "claude").height == (LEARNED + 1) * len(CLASSIFIERS)


def test_a_judged_session_gets_the_answer_of_a_model_that_never_saw_its_user() -> None:
    """One user's sessions say `zebra` and are orchestrate; nobody else's are, so nobody else's labels can tell."""
    planted = Planted(LEARNED, seed=3)
    for row, place in zip(planted.rows, range(LEARNED), strict=True):
        if row["user_key"] == "u5":
            name, text, opening = planted.texts[place]
            planted.texts[place] = (name, text.replace("[human]\n", "[human]\nzebra "), f"zebra {opening}")
            planted.truth[name]["work_mode"] = ("orchestrate", None)
    backend = DistilledBackend(planted.training(LEARNED))
    asked = [session for session in backend.training.sessions if session.telemetry["user_key"] == "u5"]
    answers = backend.classify(asked, [CLASSIFIERS["work_mode"]])
    assert len(asked) > 3
    assert "orchestrate" not in {answer.label for answer in answers}
