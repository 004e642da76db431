"""The processes that a platform engineer runs: code server, web server and daemon on loopback; and their GraphQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Self

from sessions_pipeline.folders import Home
from sessions_pipeline.operate import prepare

ROOT = Path(__file__).resolve().parents[2]
# Dagster's own daemon. Its loops look again after 30 seconds, which no setting changes.
DAEMON = """
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = {seconds}
from dagster._daemon.cli import main
main()
"""
LOCATION = "sessions_pipeline.definitions"
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}


def clean_environment(home: Home) -> dict[str, str]:
    """Environment of a process on this state folder; the user's own settings stay out of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SESSIONS_", "DAGSTER_"))}
    return {**kept, "SESSIONS_HOME": str(home.path), "DAGSTER_HOME": str(home.dagster), "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """Dagster on a state folder, from `with` to its end; every process that it starts is in a group of its own.

    scratch: for what the processes print. seconds_between_looks: of the daemon at backfills, schedules and sensors.
    module: that has the definitions.
    """

    def __init__(self, home: Home, scratch: Path, seconds_between_looks: int = 3, module: str = LOCATION) -> None:
        prepare(home)
        self.module = module
        self.daemon = DAEMON.format(seconds=seconds_between_looks)
        self.home, self.scratch = home, scratch
        self.port, self.code_port = free_port(), free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workspace = scratch / "workspace.yaml"
        self.workspace.write_text(
            f"load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {self.code_port}, location_name: {LOCATION}}}\n"
        )

    def __enter__(self) -> Self:
        try:
            self._start(
                "code", "-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", self.code_port, "-m", self.module
            )
            self._wait_for(self._code_server_answers, 120)
            self._start("web", "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", self.port, "-w", self.workspace)
            self._start("daemon", "-c", self.daemon, "run", "-w", self.workspace)
            self._wait_for(self._web_server_answers, 120)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self.processes):
            for sign in (signal.SIGINT, signal.SIGKILL):
                try:
                    os.killpg(process.pid, sign)
                except ProcessLookupError:
                    break
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue

    def _start(self, name: str, *arguments: object) -> None:
        with (self.scratch / f"{name}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *map(str, arguments)],
                    env=clean_environment(self.home),
                    cwd=self.scratch,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _wait_for(self, answers: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not answers():
            dead = [process.args for process in self.processes if process.poll() is not None]
            assert not dead, f"{dead} ended: {self.said()}"
            assert time.monotonic() < until, self.said()
            time.sleep(0.2)

    def said(self) -> str:
        """The ends of what the processes have printed."""
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in self.scratch.glob("*.log"))

    def _code_server_answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.code_port)) == 0

    def _web_server_answers(self) -> bool:
        try:
            return bool(self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"))
        except OSError:
            return False

    def ask(self, query: str, **variables: object) -> Any:
        """The answer to a GraphQL query: the value of its only field."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer["errors"]
        (value,) = answer["data"].values()
        return value

    def backfill(self, first: str, last: str, tables: Collection[str] | None = None, seconds: float = 600) -> str:
        """Asks for a backfill of `tables` (default: all assets) over the months `first` to `last`; how it ended.

        Raises AssertionError, with what the processes said, if it has not ended after `seconds`.
        """
        nodes = self.ask("{ assetNodes { assetKey { path } isPartitioned } }")
        months = {"range": {"start": f"{first}-01", "end": f"{last}-01"}}
        asked = [
            {"assetKey": node["assetKey"], **({"partitions": months} if node["isPartitioned"] else {})}
            for node in nodes
            if tables is None or ".".join(node["assetKey"]["path"]) in tables
        ]
        launched = self.ask(
            "mutation($given: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $given) "
            "{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
            given={"partitionsByAssets": asked},
        )
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        query = (
            "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
        )
        return self._until(
            lambda: str(self.ask(query, id=launched["backfillId"])["status"]),
            ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"),
            seconds,
        )

    def launch(self, job: str, request: dict[str, Any], seconds: float = 600) -> str:
        """Launches the run of `job` that a tick asks for, as the UI's "launch all" does; how it ended.

        Raises AssertionError, with what the processes said, if it has not ended after `seconds`.
        """
        tags = [*request["tags"], {"key": "dagster/run_key", "value": request["runKey"]}]
        launched = self.ask(
            "mutation($given: ExecutionParams!) { launchRun(executionParams: $given) "
            "{ __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }",
            given={
                "selector": {**REPOSITORY, "jobName": job},
                "executionMetadata": {"tags": tags},
            },
        )
        assert launched["__typename"] == "LaunchRunSuccess", launched
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return self._until(
            lambda: str(self.ask(query, id=launched["run"]["runId"])["status"]),
            ("SUCCESS", "FAILURE", "CANCELED"),
            seconds,
        )

    def runs(self) -> list[dict[str, Any]]:
        """Job, status and tags of all runs, the newest first."""
        found = self.ask("{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }")[
            "results"
        ]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def failures(self) -> list[str]:
        """Step and innermost reason of every step that failed, of all runs, those that were tried again too."""
        failed = self.ask(
            "{ runsOrError(filter: {statuses: [FAILURE]}) { ... on Runs { results { jobName eventConnection { events { "
            "... on ExecutionStepFailureEvent { stepKey error { message causes { message } } } } } } } } }"
        )["results"]
        events = [event for run in failed for event in run["eventConnection"]["events"] if event.get("stepKey")]
        return [
            f"{event['stepKey']}: {([event['error'], *event['error']['causes']])[-1]['message'].strip()}"
            for event in events
        ]

    def tick(self, sensor: str, cursor: str | None) -> dict[str, Any]:
        """What a look of `sensor` with this cursor gives; launches nothing."""
        told = self.ask(
            "mutation($of: SensorSelector!, $cursor: String) { sensorDryRun(selectorData: $of, cursor: $cursor) "
            "{ ... on DryRunInstigationTick { evaluationResult { cursor skipReason error { message } "
            "runRequests { runKey jobName tags { key value } } } } } }",
            of={**REPOSITORY, "sensorName": sensor},
            cursor=cursor,
        )
        return dict(told["evaluationResult"])

    def scheduled(self, schedule: str, at: float) -> list[dict[str, Any]]:
        """The runs of its job that a tick of `schedule` at `at` (seconds since 1970) asks for; launches nothing."""
        told = self.ask(
            "mutation($of: ScheduleSelector!, $at: Float) { scheduleDryRun(selectorData: $of, timestamp: $at) { ... on "
            "DryRunInstigationTick { evaluationResult { runRequests { runKey jobName tags { key value } } } } } }",
            of={**REPOSITORY, "scheduleName": schedule},
            at=at,
        )
        return list(told["evaluationResult"]["runRequests"])

    def switch_on(self, sensor: str) -> None:
        """Starts `sensor`, as the switch in the UI does."""
        self.ask(
            "mutation($of: SensorSelector!) { startSensor(sensorSelector: $of) { __typename } }",
            of={**REPOSITORY, "sensorName": sensor},
        )

    def _until(self, state: Callable[[], str], ends: tuple[str, ...], seconds: float) -> str:
        until = time.monotonic() + seconds
        while (now := state()) not in ends:
            assert time.monotonic() < until, f"still {now}: {self.said()}"
            time.sleep(0.5)
        return now
