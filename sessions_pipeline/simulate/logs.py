"""Synthetic Claude Code logs of a whole study, with the truth beside them.

`write_logs` makes a folder that looks like the `.claude/projects` folders of many users, and three tables that say what
a perfect reader would find in it. The same arguments give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from sessions_pipeline.simulate import truth
from sessions_pipeline.simulate.claude_code_writer import SessionWriter
from sessions_pipeline.simulate.files import LogTree, arrange, encode
from sessions_pipeline.simulate.scenario import make_plans, sessions_by_month
from sessions_pipeline.simulate.session_log import write_session

# Part of the parameters on record: another version writes other bytes, so older folders are written anew
GENERATOR = "3"


@dataclass(frozen=True)
class LogsSummary:
    """What was written.

    logs: folder to read as source, one folder per user. sessions, users: planned and present; sessions_per_month: in
    order of months. files, lines, lines_rejected: log files, their non-empty lines, and those that can't be read.
    irregularities: how often each occurs, by name.
    """

    logs: Path
    truth_sessions: Path
    truth_files: Path
    truth_lines: Path
    sessions: int
    users: int
    sessions_per_month: tuple[int, ...]
    files: int
    lines: int
    lines_rejected: int
    irregularities: Mapping[str, int]


def write_logs(
    folder: Path,
    *,
    seed: int = 20251001,
    sessions: int = 700,
    users: int = 120,
    first_month: str = "2025-10",
    months: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> LogsSummary:
    """Write `folder`/logs and `folder`/truth, unless they are there already with the same parameters.

    first_month: YYYY-MM. progress: called with sessions written and sessions in all.
    The folder appears complete or not at all. Raises FileExistsError if it holds something else than such logs,
    ValueError if the parameters make no study.
    """
    if sessions < 1 or users < 1 or months < 1:
        raise ValueError(f"sessions, users and months must be at least 1, not {sessions}, {users}, {months}")
    start = dt.datetime.strptime(first_month, "%Y-%m").date()
    parameters = {
        "generator": GENERATOR,
        "seed": seed,
        "sessions": sessions,
        "users": min(users, sessions),
        "first_month": first_month,
        "months": months,
    }
    known = _read_summary(folder)
    if known and known["parameters"] == parameters:
        return _summary(folder, known)
    if folder.exists() and not known and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds something else than synthetic logs: choose an empty or a new folder")
    partial = folder.with_name(folder.name + ".writing")
    shutil.rmtree(partial, ignore_errors=True)
    logs = _write_sessions(seed, sessions, min(users, sessions), start, months, progress)
    record = {"parameters": parameters} | _write_tree(partial, logs, seed)
    record["sessions_per_month"] = sessions_by_month(sessions, months)
    (partial / "truth" / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return _summary(folder, record)


def _write_sessions(
    seed: int, sessions: int, users: int, start: dt.date, months: int, progress: Callable[[int, int], None] | None
) -> list[SessionWriter]:
    plans = make_plans(Random(f"{seed}/plans"), sessions, users, start, months)
    logs = []
    for done, plan in enumerate(plans, start=1):
        logs.append(write_session(plan, Random(f"{seed}/session/{plan.index}")))
        if progress:
            progress(done, sessions)
    return logs


def _write_tree(folder: Path, logs: list[SessionWriter], seed: int) -> dict[str, Any]:
    """Write all files and truth tables below `folder`; returns the counts for the summary."""
    tree = arrange(logs, Random(f"{seed}/files"))
    files = [_write_file(folder, tree, number, seed) for number in range(len(tree.files))]
    for path, content in tree.companions.items():
        target = folder / "logs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (folder / "truth").mkdir(parents=True)
    rows = [truth.session_row(log.plan, log.script, log.tally) for log in logs]
    truth.sessions_frame(rows).write_parquet(folder / "truth" / "sessions.parquet")
    truth.files_frame(files).write_parquet(folder / "truth" / "files.parquet")
    truth.lines_frame(files).write_parquet(folder / "truth" / "lines.parquet")
    return {
        "sessions": len(rows),
        "users": len({log.plan.user.name for log in logs}),
        "files": len(files),
        "lines": sum(file.lines for file in files),
        "lines_rejected": sum(len(file.rejected) for file in files),
        "irregularities": dict(sorted(tree.seen.items())),
    }


def _write_file(folder: Path, tree: LogTree, number: int, seed: int) -> truth.FileTruth:
    file = tree.files[number]
    content, known = encode(file, Random(f"{seed}/file/{number}"))
    target = folder / "logs" / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    os.utime(target, ns=(file.modified * 1_000_000, file.modified * 1_000_000))
    return known


def _read_summary(folder: Path) -> dict[str, Any] | None:
    path = folder / "truth" / "summary.json"
    return msgspec.json.decode(path.read_bytes()) if path.is_file() else None


def _summary(folder: Path, record: Mapping[str, Any]) -> LogsSummary:
    return LogsSummary(
        logs=folder / "logs",
        truth_sessions=folder / "truth" / "sessions.parquet",
        truth_files=folder / "truth" / "files.parquet",
        truth_lines=folder / "truth" / "lines.parquet",
        sessions=record["sessions"],
        users=record["users"],
        sessions_per_month=tuple(record["sessions_per_month"]),
        files=record["files"],
        lines=record["lines"],
        lines_rejected=record["lines_rejected"],
        irregularities=record["irregularities"],
    )
