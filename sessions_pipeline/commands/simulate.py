"""The commands `simulate …`: data with known truth, made up at a size that no log on one machine has."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions_pipeline.commands.shell import (
    SOMETHING_MISSING,
    Progress,
    errors,
    json_flag,
    published,
    show_problems,
    stop,
    tell,
    tell_published,
)
from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home

if TYPE_CHECKING:
    from sessions_pipeline.state import State

STUDY_HOME = Path(".sessions-study")
# As published; the report says whose labels it shows.
STUDY_SETTINGS = {"backend": "claude", "window_months": 7}


@click.group()
def simulate() -> None:
    """Write made-up data whose truth is known."""


@simulate.command()
@click.option("--sessions", type=click.IntRange(min=1_000), help="Sessions to write. [default: 398198, as published]")
@click.option("--seed", type=int, help="Seed: the same seed gives the same study. [default: 20260616]")
@click.option("--data-only", is_flag=True, help="Write the sessions, and leave aggregates, models and report to `ui`.")
@json_flag
@click.pass_obj
def study(home: Path | None, sessions: int | None, seed: int | None, data_only: bool) -> None:
    """Write a simulated study of the published size, estimate everything on it, say where the report is.

    398,198 classified sessions of 234,751 users from October 2025 to April 2026, calibrated to what was published,
    with planted coefficients. No log and no transcript stands behind them. Uses a state folder of its own
    (.sessions-study, unless --home names one). analysis.published_comparison sets every published figure beside the
    recomputed one.
    """
    folder = Home(home or STUDY_HOME)
    with errors():
        from sessions_pipeline import operate
        from sessions_pipeline.simulate.study import SEED, SESSIONS, simulate_study, telemetry

        operate.prepare(folder)
        from sessions_pipeline.state import State

        state, show, started = State(home=str(folder.path)), Progress(), time.monotonic()
        if _holds_others(state):
            stop(
                f"{folder.path} holds sessions that were read from logs; name an empty state folder with --home.",
                SOMETHING_MISSING,
            )
        show.say(f"simulating {sessions or SESSIONS:,} sessions")
        made = simulate_study(sessions or SESSIONS, SEED if seed is None else seed)
        save_settings(folder.path, STUDY_SETTINGS)
        months = sorted(made.sessions["month"].unique())
        state.warehouse.replace_window("core.sessions", telemetry(made.sessions), months)
        state.warehouse.replace_window("core.classified_sessions", made.sessions, months)
        facts = {"warehouse": str(folder.warehouse), "sessions": made.sessions.height}
        show.say(f"warehouse: {folder.warehouse}  ({time.monotonic() - started:.0f} s)")
        if data_only:
            show.close()
            next_step = f"sessions-pipeline --home {folder.path} ui: the job `publish` makes the rest of it"
            tell({**facts, "report": None}, [f"warehouse: {folder.warehouse}", next_step])
            return
        outcome = operate.publish(folder, months, show.say)
        show.close()
    show_problems(outcome)
    there = tell_published({**facts, **published(folder, outcome, time.monotonic() - started)})
    if outcome.failures or not there:
        raise SystemExit(SOMETHING_MISSING)


def _holds_others(state: State) -> bool:
    """Whether the warehouse holds a session that was not simulated."""
    from sessions_pipeline.simulate.study import VERSION

    others = "select count(*) as n from core.sessions where cli_version is distinct from $version"
    return bool(state.warehouse.query(others, {"version": VERSION})["n"].item())
