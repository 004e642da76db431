"""How runs end that Dagster alone would keep or try again: those whose process is gone, and those that cannot succeed.

Dagster's default launcher cannot ask whether a run's process still lives: such a run stays "started" for ever, and with
it its place in the queue and in pools, so that no other run starts. Every run of this project notes its process.
"""

from __future__ import annotations

import os
import socket

from dagster import AssetExecutionContext, DagsterInstance, DagsterRunStatus, Failure, RunsFilter

# Host and process id of a run.
PROCESS_TAG = "sessions_pipeline/process"
# Dagster's own: what the instance settings say of runs with a failed step, for one run.
RETRY_TAG = "dagster/retry_on_asset_or_op_failure"
UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def note_process(instance: DagsterInstance, run_id: str) -> None:
    """Notes that this process carries out the run."""
    instance.add_run_tags(run_id, {PROCESS_TAG: f"{socket.gethostname()} {os.getpid()}"})


def lasting_failure(reason: str) -> Failure:
    """The failure of the step that calls it, for a reason that no second try mends: its run is not retried by itself.

    Dagster decides by run, and knows no such errors: `allow_retries` of a Failure holds for retries of a step alone.
    """
    context = AssetExecutionContext.get()
    context.instance.add_run_tags(context.run.run_id, {RETRY_TAG: "false"})
    return Failure(reason, allow_retries=False)


def end_dead_runs(instance: DagsterInstance) -> list[str]:
    """Reports runs of this machine as failed whose process is gone, and frees their places in pools; their ids."""
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=UNDER_WAY)):
        host, _, pid = run.tags.get(PROCESS_TAG, "").partition(" ")
        if host == socket.gethostname() and not _lives(int(pid)):
            instance.report_run_failed(run, f"The process of this run ({pid}) is gone. What it stored is intact.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True
