"""The `distilled` backend: a small model per classifier that learns a judge's labels and gives them to all sessions.

It learns from words (hashed, so that no vocabulary exists anywhere) and counts. Nothing that it learns is stored: its
version is the digest of what it learns from, and the same training set gives the same labels. A session that it learns
from gets the label of a model that did not see it (nor its user), so that all its labels err alike.
"""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.classifications.backend import JUDGES, TELEMETRY_READ, Answer, Decisions, SessionToLabel
from sessions_pipeline.classifications.classifiers import (
    CLASSIFIERS,
    HIGHEST_TASK_VALUE_USD,
    LOWEST_TASK_VALUE_USD,
    Classifier,
    task_value_band,
)
from sessions_pipeline.classifications.reference import current_labels
from sessions_pipeline.sessions.transcript import parse_turns

if TYPE_CHECKING:
    from scipy import sparse

NAME = "distilled"
# With fewer, nine work modes have too few sessions each to learn from or to be judged by.
FEWEST_SESSIONS = 200
FOLDS = 5
_WORD_COLUMNS = 2**16
# A word; where words are not set apart (Chinese, Japanese, Korean) a character, so that pairs make the words.
_TOKEN = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
# Share of the columns that vary that a model keeps: those that go with the labels most.
_KEPT_PERCENT = 10
_ALL_BLOCKS = ("person", "agent", "telemetry")
Labelled = tuple[str, float | None, float | None]


class TooFewLabelsError(ValueError):
    """There are too few labels of a judge to learn from. The message says how many there are and how many it takes."""


@dataclass(frozen=True)
class TrainingSet:
    """Sessions with a judge's labels. Two are equal if their digests are.

    sha256: digest of sessions, transcripts, telemetry, labels, and of this module.
    sessions: in the order of their ids. users: their user keys. labels: classifier -> session_id -> (label, value).
    """

    sha256: str
    sessions: Sequence[SessionToLabel] = field(compare=False, repr=False)
    users: Sequence[str] = field(compare=False, repr=False)
    labels: Mapping[str, Mapping[str, tuple[str, float | None]]] = field(compare=False, repr=False)

    @property
    def version(self) -> str:
        """What stands in the column `model`."""
        return f"{NAME}-{self.sha256[:12]}"

    def problem(self) -> str | None:
        """Why this cannot be learned from, and what to do; None if it can."""
        counts = {name: len(self.labels.get(name, {})) for name in CLASSIFIERS}
        if min(counts.values()) >= FEWEST_SESSIONS:
            return None
        there = ", ".join(f"{name} {count}" for name, count in counts.items())
        return (
            f"too few labels of a judge to learn from: {FEWEST_SESSIONS} sessions with a label are needed for each "
            f"classifier, and there are: {there}. Label a sample with --backend {' or '.join(JUDGES)} first."
        )


def judged_sessions(sessions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Current labels of judges: rows of `labels`, one judge's per session and classifier (the last to answer)."""
    judged = labels.filter(pl.col("backend").is_in(JUDGES))
    current = current_labels(sessions.filter("is_eligible"), judged)
    return current.unique(["session_id", "classifier"], keep="last", maintain_order=True)


def training_set(sessions: pl.DataFrame, judged: pl.DataFrame, transcripts: pl.DataFrame) -> TrainingSet:
    """What is learned from: `judged` sessions whose text is still there.

    sessions: `core.sessions`; judged: `judged_sessions`; transcripts: `transcripts.SCHEMA`, of these sessions at least.
    """
    texts = {row["session_id"]: row for row in transcripts.iter_rows(named=True)}
    named = set(judged["session_id"]) & texts.keys()
    rows = sessions.filter(pl.col("session_id").is_in(named)).sort("session_id").to_dicts()
    found: dict[str, dict[str, tuple[str, float | None]]] = {}
    for row in judged.sort("session_id", "classifier").iter_rows(named=True):
        classifier = CLASSIFIERS.get(row["classifier"])
        if row["session_id"] in named and classifier and (row["label"] in classifier.labels or not classifier.labels):
            found.setdefault(row["classifier"], {})[row["session_id"]] = (row["label"], row["value"])
    counts = [[row[name] for name in ("session_id", "user_key", "transcript_sha256", *_columns())] for row in rows]
    source = files(__package__).joinpath("distilled.py").read_text(encoding="utf-8")
    digest = hashlib.sha256(json.dumps([source, _library(), counts, found]).encode()).hexdigest()
    learned = [
        SessionToLabel(
            row["session_id"], texts[row["session_id"]]["transcript"], texts[row["session_id"]]["opening"], row
        )
        for row in rows
    ]
    return TrainingSet(digest, learned, [row["user_key"] for row in rows], found)


def _columns() -> tuple[str, ...]:
    return TELEMETRY_READ[NAME]


def _library() -> str:
    from importlib.metadata import version

    return version("scikit-learn")


class DistilledBackend:
    """Labels sessions with what it learned from `training`; learns when it is first asked."""

    name = NAME

    def __init__(self, training: TrainingSet) -> None:
        if problem := training.problem():
            raise TooFewLabelsError(problem)
        self.training = training

    def model(self, classifier: Classifier) -> str:
        """Digest of the training set."""
        return self.training.version

    def prompt_sha256(self, classifier: Classifier) -> str:
        """The classifier's own digest: a cut transcript has another digest itself."""
        return classifier.sha256

    def classify(self, sessions: Sequence[SessionToLabel], classifiers: Iterable[Classifier]) -> Iterator[Answer]:
        """One answer for each session and classifier, classifier by classifier."""
        blocks = _reading(self.training)[0].read(sessions)
        for classifier in classifiers:
            learned = learn(self.training, classifier.name)
            found = learned.model.predict(_design(classifier, blocks))
            for session, answer in zip(sessions, found, strict=True):
                label, value, probability = learned.held_out.get(session.session_id, answer)
                yield Answer(session.session_id, classifier.name, label, value, probability=probability)

    def agreement(self) -> dict[str, dict[str, float]]:
        """Classifier -> how far held-out labels agree with the judge's; see `_agreement`."""
        return {name: learn(self.training, name).agreement for name in CLASSIFIERS}


class Model(Protocol):
    """Labels for rows of a design matrix: (label, value, probability)."""

    def predict(self, design: sparse.csr_matrix) -> list[Labelled]: ...


@dataclass(frozen=True)
class Learned:
    """What is learned of one classifier. model: from all labels. held_out: session_id -> answer of a model that did not
    see it. agreement: of these answers with the judge's."""

    model: Model
    held_out: Mapping[str, Labelled]
    agreement: dict[str, float]


# One training set at a time is in use, and the months of one run share what was learned from it.
@lru_cache(maxsize=1)
def _reading(training: TrainingSet) -> tuple[_Reader, dict[str, sparse.csr_matrix]]:
    reader = _Reader(training.sessions)
    return reader, reader.read(training.sessions)


@lru_cache(maxsize=len(CLASSIFIERS))
def learn(training: TrainingSet, name: str) -> Learned:
    """The model of the classifier `name`, and what cross-validation says of it."""
    from threadpoolctl import threadpool_limits

    classifier, labels = CLASSIFIERS[name], training.labels[name]
    place = {session.session_id: row for row, session in enumerate(training.sessions)}
    rows = [place[session] for session in labels]
    truth = list(labels.values())
    design = _design(classifier, _reading(training)[1])[rows]
    # The models are small: threads would wait for each other longer than they work, and add up in another order.
    with threadpool_limits(1):
        guessed = _held_out(classifier, design, truth, [training.users[row] for row in rows])
        model = _fit(classifier, design, truth)
    return Learned(
        model,
        dict(zip(labels, guessed, strict=True)),
        _agreement(classifier, truth, guessed),
    )


class _Reader:
    """Turns sessions into blocks of numbers. Weights of words and scales of counts are those of the training set."""

    def __init__(self, sessions: Sequence[SessionToLabel]) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
        from sklearn.preprocessing import MaxAbsScaler

        self._hash = HashingVectorizer(
            n_features=_WORD_COLUMNS, alternate_sign=False, norm=None, ngram_range=(1, 2), token_pattern=_TOKEN
        )
        counted = self._counted(sessions)
        self._scales = {
            name: MaxAbsScaler() if name == "telemetry" else TfidfTransformer(sublinear_tf=True) for name in counted
        }
        for name, block in counted.items():
            self._scales[name].fit(block)

    def _counted(self, sessions: Sequence[SessionToLabel]) -> dict[str, sparse.csr_matrix]:
        from scipy import sparse

        said = [_said(session.transcript) for session in sessions]
        return {
            "opening": self._hash.transform(session.opening for session in sessions),
            "person": self._hash.transform(person for person, _ in said),
            "agent": self._hash.transform(agent for _, agent in said),
            "telemetry": sparse.csr_matrix([_counts(session.telemetry) for session in sessions]),
        }

    def read(self, sessions: Sequence[SessionToLabel]) -> dict[str, sparse.csr_matrix]:
        """Block -> a row per session, all numbers between 0 and about 1."""
        return {name: self._scales[name].transform(block) for name, block in self._counted(sessions).items()}


def _said(transcript: str) -> tuple[str, str]:
    """What the person said, and what the agent said and did."""
    turns = parse_turns(transcript)
    person = "\n".join(turn.text for turn in turns if turn.role == "human")
    return person, "\n".join(turn.text for turn in turns if turn.role != "human")


def _counts(telemetry: Mapping[str, Any]) -> list[float]:
    """Counts on a logarithmic scale; of a test result, whether it passed and whether it failed."""
    passed = telemetry.get("last_test_passed")
    numbers = [math.log1p(telemetry.get(name) or 0) for name in _columns() if name != "last_test_passed"]
    return [*numbers, float(passed is True), float(passed is False)]


def _design(classifier: Classifier, blocks: Mapping[str, sparse.csr_matrix]) -> sparse.csr_matrix:
    """What a classifier may see: the opening alone, or the session."""
    from scipy import sparse

    if classifier.reads == "opening":
        return blocks["opening"]
    return sparse.hstack([blocks[name] for name in _ALL_BLOCKS], format="csr")


def _fit(classifier: Classifier, design: sparse.csr_matrix, truth: Sequence[tuple[str, float | None]]) -> Model:
    if classifier.kind == "decisions":
        return _DecisionsModel(design, truth)
    if classifier.kind == "price":
        return _PriceModel(design, truth)
    return _LabelModel(classifier, design, truth)


class _LabelModel:
    """Logistic regression on the columns that go with the labels; its probabilities are kept."""

    def __init__(
        self, classifier: Classifier, design: sparse.csr_matrix, truth: Sequence[tuple[str, float | None]]
    ) -> None:
        from sklearn.dummy import DummyClassifier
        from sklearn.feature_selection import SelectPercentile, VarianceThreshold, chi2
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self._classifier = classifier
        labels = [label for label, _ in truth]
        if len(set(labels)) == 1:
            self._model = DummyClassifier().fit(design, labels)
            return
        self._model = make_pipeline(
            VarianceThreshold(),
            SelectPercentile(chi2, percentile=_KEPT_PERCENT),
            LogisticRegression(C=10.0, tol=1e-3, max_iter=300),
        ).fit(design, labels)

    def predict(self, design: sparse.csr_matrix) -> list[Labelled]:
        probabilities = self._model.predict_proba(design)
        best = probabilities.argmax(axis=1)
        labels = [str(self._model.classes_[place]) for place in best]
        # Rounded, because the last digits depend on how a machine adds up.
        return [
            (label, _level(self._classifier, label), round(float(row[place]), 4))
            for label, row, place in zip(labels, probabilities, best, strict=True)
        ]


class _DecisionsModel:
    """Ridge regression of the four counts on a logarithmic scale."""

    def __init__(self, design: sparse.csr_matrix, truth: Sequence[tuple[str, float | None]]) -> None:
        counts = [[json.loads(label)[name] for name in Decisions.__dataclass_fields__] for label, _ in truth]
        self._model = _ridge(design, np.log1p(np.array(counts, dtype=float)))

    def predict(self, design: sparse.csr_matrix) -> list[Labelled]:
        counts = np.expm1(self._model(design)).clip(min=0).round().astype(int)
        return [(Decisions(*row).label, None, None) for row in counts.tolist()]


class _PriceModel:
    """Ridge regression of the logarithm of the price."""

    def __init__(self, design: sparse.csr_matrix, truth: Sequence[tuple[str, float | None]]) -> None:
        prices = np.array([value or LOWEST_TASK_VALUE_USD for _, value in truth])
        self._model = _ridge(design, np.log10(prices))

    def predict(self, design: sparse.csr_matrix) -> list[Labelled]:
        prices = np.power(10.0, self._model(design)).clip(LOWEST_TASK_VALUE_USD, HIGHEST_TASK_VALUE_USD).round(2)
        return [(task_value_band(usd), float(usd), None) for usd in prices]


def _ridge(design: sparse.csr_matrix, y: npt.NDArray[np.float64]) -> Callable[[sparse.csr_matrix], Any]:
    from sklearn.linear_model import Ridge

    predict: Callable[[sparse.csr_matrix], Any] = Ridge(alpha=1.0, solver="sparse_cg").fit(design, y).predict
    return predict


def _level(classifier: Classifier, label: str) -> float | None:
    """The label as a number: of a scale, its level."""
    if classifier.kind != "ordinal" or label == "unclear":
        return None
    return 0.0 if label == "none" else float(label)


def _held_out(
    classifier: Classifier,
    design: sparse.csr_matrix,
    truth: Sequence[tuple[str, float | None]],
    users: Sequence[str],
) -> list[Labelled]:
    """For each session the answer of a model that saw neither it nor its user.

    Fewer users than folds: of a model that did not see the session.
    """
    from sklearn.model_selection import GroupKFold

    groups = users if len(set(users)) >= FOLDS else range(len(users))
    guessed: dict[int, Labelled] = {}
    for seen, unseen in GroupKFold(FOLDS).split(design, groups=groups):
        model = _fit(classifier, design[seen], [truth[row] for row in seen])
        guessed.update(zip(unseen.tolist(), model.predict(design[unseen]), strict=True))
    return [guessed[row] for row in range(len(truth))]


def _agreement(
    classifier: Classifier, truth: Sequence[tuple[str, float | None]], guessed: Sequence[Labelled]
) -> dict[str, float]:
    """How far held-out answers agree with the judge's: sessions, and exact, majority and kappa (quadratic where labels
    have an order), or for decisions and prices the correlation of the user's share and of the logarithm."""
    from sklearn.metrics import cohen_kappa_score

    if classifier.kind in ("decisions", "price"):
        value = _user_share if classifier.kind == "decisions" else _log_price
        known = [(value(judge), value((label, usd))) for judge, (label, usd, _) in zip(truth, guessed, strict=True)]
        both = np.array([(a, b) for a, b in known if a is not None and b is not None])
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            correlation = float(np.corrcoef(both.T)[0, 1]) if len(both) > 1 else math.nan
        return {"sessions": len(both), **({"correlation": round(correlation, 3)} if correlation == correlation else {})}
    judged, ours = [label for label, _ in truth], [label for label, _, _ in guessed]
    exact = float(np.mean([a == b for a, b in zip(judged, ours, strict=True)]))
    majority = max(judged.count(label) for label in set(judged)) / len(judged)
    found = {"sessions": len(judged), "exact": round(exact, 3), "majority": round(majority, 3)}
    scale = [label for label in classifier.labels if label != "unclear"]
    ordinal = classifier.kind == "ordinal"
    pairs = [(a, b) for a, b in zip(judged, ours, strict=True) if not ordinal or (a in scale and b in scale)]
    if len({label for pair in pairs for label in pair}) > 1:
        places = [[classifier.labels.index(label) for label in side] for side in zip(*pairs, strict=True)]
        kappa = cohen_kappa_score(
            *places, weights="quadratic" if ordinal else None, labels=range(len(classifier.labels))
        )
        found["kappa"] = round(float(kappa), 3)
    return found


def _user_share(labelled: tuple[str, float | None]) -> float | None:
    counts = Decisions(**json.loads(labelled[0]))
    user, agent = counts.planning_user + counts.execution_user, counts.planning_agent + counts.execution_agent
    return user / (user + agent) if user + agent else None


def _log_price(labelled: tuple[str, float | None]) -> float | None:
    return math.log10(labelled[1]) if labelled[1] else None
