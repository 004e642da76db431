"""Expertise: command of the task at hand, from the person's own words; and the same from the opening alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, answers, human, label, ok, session, tool

WORK = agent(tool("Read", "src/queue.py"), ok("code"), tool("Edit", "src/queue.py"), ok("updated"), "Done.")

NOVICE = (
    human("hi can you make me an app i have no idea how that works"),
    agent("Sure. What should it do?"),
    human("i don't know, something nice. you decide. what is a database?"),
    agent("A database is a place where an app keeps its data."),
    human("ok how do i start it"),
    agent("Open a terminal first. To clarify, that's not how it works: the browser doesn't run it."),
)
EXPERT = (
    human(
        "The consumer must stay idempotent: a redelivery after the visibility timeout should not create a second "
        "invoice. Don't take a lock, since the transaction would then span the HTTP call. Use the outbox table with a "
        "unique constraint on the message key instead, and verify what happens when two workers insert the same key "
        "concurrently."
    ),
    agent("I'll add a retry around the insert.", tool("Edit", "src/consumer.py"), ok("updated"), "Added a retry."),
    human(
        "No, a retry hides the race condition because the constraint violation is the signal that the other worker "
        "won. Catch the unique violation, treat it as success, and check that the rollback does not drop the ack."
    ),
    agent("You're right, the violation itself is the answer.", tool("Edit", "src/consumer.py"), ok("updated"), "Done."),
)
INTERMEDIATE = (
    human(
        "Add a `--since` flag to the export command. It should filter rows by the created_at column "
        "and write the result to out.csv with the same header as now."
    ),
    WORK,
)


def level(*turns: Turn) -> int:
    return int(label("expertise", *turns) or 0)


def test_generic_framing_with_basics_from_the_agent_is_low() -> None:
    assert level(*NOVICE) <= 2


def test_precise_about_what_without_method_is_the_middle() -> None:
    """Precise about files and outputs, no method or trade-offs, nobody corrects anybody."""
    assert level(*INTERMEDIATE) == 3


def test_unprompted_trade_offs_surgical_checks_and_corrections_are_high() -> None:
    assert level(*EXPERT) >= 4


def test_levels_are_in_order() -> None:
    assert level(*NOVICE) < level(*INTERMEDIATE) < level(*EXPERT)


def test_catching_the_agent_pulls_up_and_being_corrected_pulls_down() -> None:
    """Who corrects whom on domain matters; the rest of the words is the same."""
    opening = human("Please write the query for the monthly report of the sales department and run it.")
    corrected = (
        opening,
        agent(tool("Edit", "q.sql"), ok("updated"), "I joined on the name of the customer."),
        human("That's wrong because names are not unique. You should have joined on `customer_id`."),
        agent("Good catch, you're right.", tool("Edit", "q.sql"), ok("updated"), "Done."),
    )
    taught = (
        opening,
        agent(tool("Edit", "q.sql"), ok("updated"), "I joined on the key of the customer."),
        human("But a left join only gives rows that are in both tables, so use one of those everywhere please."),
        agent("A common misconception: that's not how left joins work.", tool("Edit", "q.sql"), ok("updated"), "Done."),
    )
    assert level(*corrected) > level(*taught)


def test_names_read_off_the_screen_do_not_count() -> None:
    """The same request, with names that the agent had or had not shown before."""
    ask = "Call rebuildIndex() with batchSize from searchConfig, then flushSegments() and compactShards() at the end."
    shown = agent(
        tool("Read", "src/search.ts"),
        ok("rebuildIndex() batchSize searchConfig flushSegments() compactShards()"),
        "There.",
    )
    hidden = agent(tool("Read", "src/search.ts"), ok("export"), "There.")
    first = human("open the search file")

    def names(before: Turn) -> tuple[str, ...]:
        return answers(session(first, before, human(ask), WORK))["expertise"].evidence

    assert "names_not_on_screen" in names(hidden)
    assert "names_not_on_screen" not in names(shown)


@pytest.mark.parametrize("words", ["hi", "continue", "ok", "", "/clear", "hola", "你好", "こんにちは"])
def test_words_too_thin_to_point_anywhere_are_unclear(words: str) -> None:
    assert label("expertise", human(words), agent("Hello! What can I do for you?")) == "unclear"


def test_a_short_request_with_a_direction_is_not_unclear() -> None:
    assert label("expertise", human("make the login button look nicer please"), WORK) != "unclear"


def test_pasted_logs_are_nobodys_words() -> None:
    """A stack trace full of terms of art does not make its sender an expert."""
    trace = "\n".join(
        [
            "Traceback (most recent call last):",
            '  File "app/db.py", line 40, in commit',
            "DeadlockDetected: deadlock detected while waiting for lock in transaction, rollback, race condition",
            "2026-01-05 10:00:01 ERROR idempotency invariant violated, concurrency, isolation, backpressure",
        ]
    )
    words = "it does not work, what is this, can you help me please"
    alone, with_trace = label("expertise", human(words), WORK), label("expertise", human(f"{words}\n{trace}"), WORK)
    assert alone == with_trace


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        (
            "no sé, ayúdame, ¿cómo hago una página?",
            "Debe ser idempotente: sin bloqueo, porque la transacción no debe durar más que la petición. "
            "Verifica qué pasa si dos procesos insertan la misma clave foránea con concurrencia y latencia alta.",
        ),
        (
            "我不懂这个,怎么办,请帮帮我做一个网页",
            "必须保证幂等,不要加锁,因为事务不能跨越请求。请验证并发插入同一个键的边界情况,以及回滚之后缓存失效的延迟。",
        ),
        (
            "ich weiß nicht, hilf mir, wie mache ich das",
            "Der Schritt muss idempotent bleiben, ohne Sperre, weil sonst die Transaktion zu lange dauert. "
            "Prüfe den Randfall, dass zwei nebenläufige Prozesse denselben Fremdschlüssel schreiben.",
        ),
    ],
)
def test_levels_are_in_order_in_other_languages(weak: str, strong: str) -> None:
    assert level(human(weak), WORK) < level(human(strong), WORK)


def test_the_opening_is_rated_like_a_session_that_has_only_begun() -> None:
    strong, weak = session(*EXPERT), session(*NOVICE)
    assert int(answers(strong)["expertise_opening"].label or 0) > int(answers(weak)["expertise_opening"].label or 0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*EXPERT[1:], *NOVICE[1:], *INTERMEDIATE[1:]]), max_size=6))
def test_the_opening_is_rated_from_the_opening_alone(rest: list[Turn]) -> None:
    """Whatever follows, and whatever telemetry says, leaves the opening's label and evidence as they are."""
    first = EXPERT[0]
    alone = answers(session(first))["expertise_opening"]
    followed = answers(session(first, *rest, git_commits=3, lines_added=999, last_test_passed=True))[
        "expertise_opening"
    ]
    assert (followed.label, followed.evidence) == (alone.label, alone.evidence)
