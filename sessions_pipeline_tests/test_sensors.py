"""The sensor of new logs: what it asks for, and that it never asks twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, SkipReason, build_sensor_context

from sessions_pipeline.config import save_settings
from sessions_pipeline.months import month_key
from sessions_pipeline.sensors import new_logs
from sessions_pipeline.sessions.ingest import ingest
from sessions_pipeline.state import State
from sessions_pipeline_tests.lines import write
from sessions_pipeline_tests.test_cli import work


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state folder with a source for logs, and windows of two months."""
    (tmp_path / "logs").mkdir()
    save_settings(tmp_path, {"sources": [str(tmp_path / "logs")], "window_months": 2})
    return State(home=str(tmp_path))


def log(state: State, month: int, sessions: int = 1) -> None:
    lines = [line for number in range(sessions) for line in work(f"s{month}-{number}", number * 3600, month)]
    write(Path(state.home) / "logs" / "p" / f"{month}.jsonl", *lines)


def look(state: State, cursor: str | None) -> SensorResult | SkipReason:
    with (
        DagsterInstance.ephemeral() as instance,
        build_sensor_context(instance=instance, cursor=cursor, resources={"state": state}) as context,
    ):
        found = new_logs(context)
    assert isinstance(found, SensorResult | SkipReason)
    return found


def asked(found: SensorResult | SkipReason) -> list[tuple[str | None, str]]:
    """Job and months of what was asked for."""
    assert isinstance(found, SensorResult)
    ends = [
        [request.tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end")]
        for request in found.run_requests or ()
    ]
    return [
        (request.job_name, request.partition_key or " to ".join(map(str, span)))
        for request, span in zip(found.run_requests or (), ends, strict=True)
    ]


def count(state: State) -> None:
    """What the job `ingest` does to the warehouse, for all months: here only its tables' rows matter."""
    from dagster import materialize

    from sessions_pipeline.sessions.assets import raw_tables, sessions

    months = ingest(state.archive, state.settings).book.months()
    span = {"start": month_key(months[0]), "end": month_key(months[-1])}
    with DagsterInstance.ephemeral() as instance:
        assert materialize(
            [raw_tables, sessions],
            instance=instance,
            resources={"state": state},
            tags={f"dagster/asset_partition_range_{end}": key for end, key in span.items()},
        ).success


def test_new_and_late_logs_are_read_then_their_months_and_vintages_are_asked_for_once(state: State) -> None:
    for month in (0, 1, 3):
        log(state, month)
    first = look(state, None)
    assert asked(first) == [("read_logs", "None to None")]
    assert isinstance(first, SensorResult)
    assert isinstance(look(state, first.cursor), SensorResult)
    ingest(state.archive, state.settings)
    second = look(state, first.cursor)
    assert isinstance(second, SensorResult)
    months = [key for job, key in asked(second) if job == "tables"]
    assert len(months) == 3
    assert isinstance(look(state, second.cursor), SkipReason)

    count(state)
    log(state, 1, sessions=2)
    late = look(state, second.cursor)
    assert asked(late) == [("read_logs", "None to None")]
    assert isinstance(late, SensorResult)
    ingest(state.archive, state.settings)
    third = look(state, late.cursor)
    assert asked(third)[0] == ("tables", months[1])
    assert {job for job, _ in asked(third)} == {"tables", "publish"}
    assert isinstance(third, SensorResult)
    assert len({request.run_key for found in (second, third) for request in found.run_requests or ()}) == len(
        [request for found in (second, third) for request in found.run_requests or ()]
    )
    assert isinstance(look(state, third.cursor), SkipReason)


def test_what_was_counted_by_others_is_not_asked_for(state: State) -> None:
    log(state, 0)
    count(state)
    found = look(state, None)
    assert asked(found) == []


def test_a_source_that_is_not_there_is_named_and_costs_nothing(state: State) -> None:
    (Path(state.home) / "logs").rmdir()
    found = look(state, json.dumps({"archive": "known"}))
    assert isinstance(found, SkipReason)
    assert "logs" in (found.skip_message or "")


def test_settings_that_cannot_be_used_are_said(state: State) -> None:
    save_settings(Path(state.home), {"users": str(Path(state.home) / "users.csv")})
    found = look(state, None)
    assert isinstance(found, SkipReason)
    assert "users.csv" in (found.skip_message or "")
