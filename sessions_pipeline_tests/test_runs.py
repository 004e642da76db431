"""A run whose process is gone ends, and gives back its place in the queue and in the pool."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, asset, job, materialize

from sessions_pipeline.folders import Home
from sessions_pipeline.operate import prepare
from sessions_pipeline.runs import PROCESS_TAG, end_dead_runs, lasting_failure, note_process

KILLED = """
import os, signal, sys
from dagster import DagsterInstance, asset, materialize
from sessions_pipeline.runs import note_process

@asset(pool="model_api")
def labels(context):
    note_process(context.instance, context.run.run_id)
    os.kill(os.getpid(), signal.SIGKILL)

with DagsterInstance.from_config(sys.argv[1]) as instance:
    materialize([labels], instance=instance)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A state folder with the settings of its Dagster instance."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # which `prepare` changes
    monkeypatch.setenv("SESSIONS_HOME", "")
    found = Home(tmp_path)
    prepare(found)
    return found


@job
def nothing() -> None:
    """A job that does nothing."""


def test_a_killed_run_ends_as_failed_and_its_place_in_the_pool_is_free(home: Home) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(home.dagster)], capture_output=True, check=False, timeout=120)
    with DagsterInstance.from_config(str(home.dagster)) as instance:
        pools = instance.event_log_storage
        (killed,) = instance.get_runs()
        assert killed.status == DagsterRunStatus.STARTED
        assert pools.get_concurrency_info("model_api").active_slot_count == 1
        assert end_dead_runs(instance) == [killed.run_id]
        assert instance.get_runs()[0].status == DagsterRunStatus.FAILURE
        assert pools.get_concurrency_info("model_api").active_slot_count == 0
        assert end_dead_runs(instance) == []


def test_runs_of_living_processes_and_of_other_machines_are_left_alone() -> None:
    with DagsterInstance.ephemeral() as instance:
        here, elsewhere, _untold = (
            instance.create_run_for_job(nothing, status=DagsterRunStatus.STARTED) for _ in range(3)
        )
        note_process(instance, here.run_id)
        instance.add_run_tags(elsewhere.run_id, {PROCESS_TAG: "another-host 1"})
        assert end_dead_runs(instance) == []
        assert {run.status for run in instance.get_runs()} == {DagsterRunStatus.STARTED}


@pytest.mark.parametrize(("lasting", "again"), [(True, "false"), (False, "true")])
def test_only_a_failure_that_may_pass_is_tried_again(home: Home, lasting: bool, again: str) -> None:
    @asset
    def table() -> None:
        raise lasting_failure("rows that break the model") if lasting else OSError("the disk is full")

    with DagsterInstance.from_config(str(home.dagster)) as instance:
        assert not materialize([table], instance=instance, raise_on_error=False).success
        assert instance.get_runs()[0].tags["dagster/will_retry"] == again
