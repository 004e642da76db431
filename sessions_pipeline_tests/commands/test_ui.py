"""`ui` ends every process that it has started, by whatever signal it is told to; with real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from click.testing import CliRunner

from sessions_pipeline.cli import main
from sessions_pipeline.commands.ui import run_until_told
from sessions_pipeline.folders import Home
from sessions_pipeline.testing.server import clean_environment, free_port

SERVICES = ("code-server start", "api grpc", "dagster_webserver", "dagster._daemon")
# Its child hears of no signal but SIGKILL, and is nobody's once the parent has ended, as it does when told.
ORPHANING = """
import signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
started = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE)
started.stdout.readline()
open("child", "w").write(str(started.pid))
time.sleep(600)
"""
RUN = """
import sys
from pathlib import Path
from sessions_pipeline.commands import ui
ui.SECONDS_FOR_THE_REST = 0.5
sys.exit(ui.run_until_told([sys.executable, "-c", sys.argv[1]], Path(".")))
"""


def wait_for(happens: Callable[[], object], what: Callable[[], str], seconds: float = 300) -> None:
    """Waits until it happens; the limit is for a busy machine."""
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, what()
        time.sleep(0.1)


def started_by(pid: int) -> dict[int, str]:
    """Process ids and commands of all that descend from `pid`, however far, as the system lists them now."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found = {pid: ""}
    while new := {int(one): args for one, parent, args in rows if int(parent) in found and int(one) not in found}:
        found |= new
    return {one: args for one, args in found.items() if one != pid}


def alive(pids: dict[int, str]) -> dict[int, str]:
    """Those of `pids` that still run: a zombie that nobody has asked for its exit code does not."""
    listed = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    running = {int(pid) for pid, stat in map(str.split, listed.splitlines()) if not stat.startswith("Z")}
    return {pid: args for pid, args in pids.items() if pid in running}


@pytest.mark.parametrize(
    ("number", "services"),
    [
        pytest.param(signal.SIGINT, SERVICES, id="SIGINT"),
        pytest.param(signal.SIGTERM, SERVICES[:1], id="early SIGTERM"),
    ],
)
def test_no_process_of_the_ui_outlives_it(tmp_path: Path, number: signal.Signals, services: Collection[str]) -> None:
    home, said = Home(tmp_path / "home").create(), tmp_path / "said"
    command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(home.path), "ui", "--port"]
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*command, str(free_port())], env=clean_environment(home), stdout=log, stderr=log, start_new_session=True
        )
    children: dict[int, str] = {}
    try:

        def all_started() -> bool:
            assert process.poll() is None, said.read_text()
            children.update(started_by(process.pid))
            return all(any(service in args for args in children.values()) for service in services)

        wait_for(all_started, said.read_text)
        process.send_signal(number)
        while process.poll() is None:  # more may start until it has heard of the signal
            children.update(started_by(process.pid))
            time.sleep(0.1)
        assert process.returncode == 0, said.read_text()
        assert alive(children) == {}
    finally:
        for pid in alive(children | {process.pid: ""}):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_that_outlives_its_parent_and_ignores_signals_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, ORPHANING], cwd=tmp_path, env=clean_environment(Home(tmp_path))
    )
    told = tmp_path / "child"
    wait_for(lambda: told.exists() and told.read_text(), lambda: "no child", 60)
    child = {int(told.read_text()): ""}
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert alive(child) == {}


def test_a_command_that_ends_by_itself_is_a_failure(tmp_path: Path) -> None:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert run_until_told([sys.executable, "-c", "raise SystemExit(3)"], tmp_path) == 3
        assert run_until_told([sys.executable, "-c", ""], tmp_path) == 1
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["--home", str(tmp_path), "ui", "--port", str(port)])
    assert done.exit_code == 1
    assert f"port {port} is in use" in done.output
