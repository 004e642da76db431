"""The questions: complete, distinct, and versioned by what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessions_pipeline.classifications.classifiers import (
    CLASSIFIERS,
    EXPERTISE_LEVELS,
    OUTCOMES,
    SIGNALS,
    SOC_MAJOR_GROUPS,
    TASK_VALUE_BANDS,
    WORK_MODES,
    Classifier,
)
from sessions_pipeline.schemas import ClassifiedSessions


def test_every_classifier_of_the_study_and_the_added_one_are_there() -> None:
    assert set(CLASSIFIERS) == {
        "work_mode",
        "expertise",
        "expertise_opening",
        "user_occupation",
        "task_occupation",
        "outcome",
        "success_signal",
        "failure_signal",
        "decisions",
        "codebase_context",
        "task_value",
    }
    assert all(name == classifier.name for name, classifier in CLASSIFIERS.items())


def test_label_sets_are_those_of_the_study() -> None:
    assert len(WORK_MODES) == 9
    assert len(SOC_MAJOR_GROUPS) == 23
    assert CLASSIFIERS["user_occupation"].labels == (*SOC_MAJOR_GROUPS, "unclear")
    assert CLASSIFIERS["task_occupation"].labels == tuple(SOC_MAJOR_GROUPS)
    assert CLASSIFIERS["expertise"].labels == EXPERTISE_LEVELS == ("1", "2", "3", "4", "5", "unclear")
    assert CLASSIFIERS["success_signal"].labels == SIGNALS == ("none", "1", "2", "3", "4", "5")
    assert CLASSIFIERS["outcome"].labels == OUTCOMES
    assert CLASSIFIERS["task_value"].labels == TASK_VALUE_BANDS


@pytest.mark.parametrize("name", ["work_mode", "outcome", "success_signal", "failure_signal", "codebase_context"])
def test_a_question_explains_each_of_its_labels(name: str) -> None:
    for label in CLASSIFIERS[name].labels:
        assert f"\n- {label}: " in CLASSIFIERS[name].question


@pytest.mark.parametrize("name", ["user_occupation", "task_occupation"])
def test_an_occupation_question_names_every_group(name: str) -> None:
    for code, group in SOC_MAJOR_GROUPS.items():
        assert f"\n- {code}: {group}\n" in CLASSIFIERS[name].question + "\n"


def test_only_the_opening_is_read_where_the_outcome_must_not_show() -> None:
    assert [name for name, classifier in CLASSIFIERS.items() if classifier.reads == "opening"] == ["expertise_opening"]


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=lambda classifier: classifier.name)
def test_a_changed_word_or_label_is_another_classifier(classifier: Classifier) -> None:
    assert replace(classifier, question=classifier.question + " ").sha256 != classifier.sha256
    assert replace(classifier, labels=(*classifier.labels, "other")).sha256 != classifier.sha256
    assert replace(classifier).sha256 == classifier.sha256


def test_digests_are_distinct() -> None:
    assert len({classifier.sha256 for classifier in CLASSIFIERS.values()}) == len(CLASSIFIERS)


def test_labels_fit_the_columns_that_take_them() -> None:
    columns = ClassifiedSessions.to_schema().columns
    for name in ("work_mode", "user_occupation", "task_occupation", "outcome", "codebase_context"):
        allowed = columns[name].checks[0].statistics["allowed_values"]
        assert set(CLASSIFIERS[name].labels) == set(allowed)
