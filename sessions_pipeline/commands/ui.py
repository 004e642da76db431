"""The command `ui`: Dagster's web server, daemon and code server on a state folder, ended together.

`dagster dev` ends before the processes that it has started, and before some of them have heard of it: left alone they
keep the port, and a daemon that launches runs behind the user's back.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import click

from sessions_pipeline.commands.shell import SOMETHING_MISSING, errors, home_in_use, stop
from sessions_pipeline.folders import Home

HOST = "127.0.0.1"
# To shut web server and daemon down in order; then for code servers, and for runs to note that they were stopped.
SECONDS_TO_END, SECONDS_FOR_THE_REST = 30.0, 20.0


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port on this machine.")
@click.pass_obj
def ui(home: Path | None, port: int) -> None:
    """Open the Dagster web UI, with its daemon, on the state folder.

    Schedules are off until they are switched on in the UI. Ctrl-C stops it, and runs that it has under way; twice: at
    once. What they have stored stays.
    """
    if _is_taken(port):
        stop(f"port {port} is in use: end what listens there, or name another with --port.", SOMETHING_MISSING)
    folder = Home(home) if home else home_in_use()
    with errors():
        from sessions_pipeline.config import load_settings
        from sessions_pipeline.operate import prepare

        prepare(folder)
        load_settings(folder.path)
    click.echo(f"state folder {folder.path}; the UI opens on http://{HOST}:{port} in some seconds (Ctrl-C stops it)")
    command = [sys.executable, "-m", "dagster", "dev", "-h", HOST, "-p", str(port)]
    raise SystemExit(run_until_told([*command, "-m", "sessions_pipeline.definitions"], folder.dagster))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def run_until_told(command: Sequence[str], folder: Path) -> int:
    """Runs `command` in `folder` until it ends or this process is told to; no process that it has started is left.

    Told by SIGINT, SIGTERM or SIGHUP; the command hears of all three as SIGINT. A second one ends everything at once.
    Gives the exit code: 0 if told, else that of the command, or 1 where that is 0: it was not to end by itself.
    """
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # ignored: nohup
            signal.signal(number, lambda number, _frame: told.append(number))
    # A session of its own: Ctrl-C reaches this process alone, which ends the others in order.
    leader = subprocess.Popen(command, cwd=folder, start_new_session=True)
    while leader.poll() is None and not told:
        time.sleep(0.1)
    code = leader.returncode
    leader.send_signal(signal.SIGINT)
    _wait(lambda: leader.poll() is None, SECONDS_TO_END, told)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _group_lives(leader.pid):
            with contextlib.suppress(ProcessLookupError):  # the last has ended since
                os.killpg(leader.pid, number)
            _wait(lambda: leader.poll() is None or _group_lives(leader.pid), SECONDS_FOR_THE_REST, told)
    return 0 if told else code or SOMETHING_MISSING


def _wait(lasts: Callable[[], bool], seconds: float, told: Collection[int]) -> None:
    """Waits while it lasts, `seconds` at most; not at all once told twice."""
    until = time.monotonic() + seconds
    while len(told) < 2 and time.monotonic() < until and lasts():
        time.sleep(0.1)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
