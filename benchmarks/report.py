"""`make bench-report`: the report of the simulated study, its size and how long Chromium takes until it is ready.

    python -m benchmarks.report [--sessions N] [--home DIR] [--json]

Ready is two frames after the page has loaded, from the request on, in a browser that runs already: median of ROUNDS
fresh contexts each on a wide and on a narrow screen.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.findings import Finding, at_most, progress, tell
from benchmarks.process import timed
from sessions_pipeline.simulate.study import SESSIONS

ROOT = Path(__file__).resolve().parent.parent
MEGABYTES, SECONDS, ROUNDS = 5.0, 2.0, 5
SCREENS = {"wide": 1440, "narrow": 390}
TWO_FRAMES = "new Promise((ready) => requestAnimationFrame(() => requestAnimationFrame(ready)))"


def findings(home: Path, sessions: int = SESSIONS) -> list[Finding]:
    """Of the newest vintage. home: a state folder; a study that is there already is made again."""
    progress(f"report: a simulated study of {sessions:,} sessions, everything estimated on it")
    command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(home), "simulate", "study", "--json"]
    seconds, printed = timed([*command, "--sessions", str(sessions)], ROOT, dict(os.environ))
    report = Path(json.loads(printed)["report"])
    size = report.stat().st_size / 1e6
    return [
        Finding(f"{sessions:,} sessions, from nothing to seven reports", seconds, f"{seconds:.0f} s"),
        at_most("size of the newest report", size, MEGABYTES, " MB"),
        *ready(report),
    ]


def ready(report: Path) -> list[Finding]:
    """Seconds until the page is ready, for each screen."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return [_skipped(screen, "playwright is not installed (pip install -e '.[dev]')") for screen in SCREENS]
    chromium = shutil.which("chromium")
    if chromium is None:
        return [_skipped(screen, "chromium is not installed") for screen in SCREENS]
    found = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        for screen, width in SCREENS.items():
            progress(f"report: ready on a {screen} screen, {ROUNDS} rounds")
            rounds = []
            for _ in range(ROUNDS):
                context = browser.new_context(viewport={"width": width, "height": 900})
                page = context.new_page()
                began = time.perf_counter()
                page.goto(report.as_uri())
                page.evaluate(TWO_FRAMES)
                rounds.append(time.perf_counter() - began)
                context.close()
            found.append(at_most(_ready(screen), statistics.median(rounds), SECONDS, " s"))
        browser.close()
    return found


def _ready(screen: str) -> str:
    return f"ready in Chromium, {screen} screen of {SCREENS[screen]} pixels"


def _skipped(screen: str, why: str) -> Finding:
    return at_most(_ready(screen), None, SECONDS, " s", missing=why)


def main() -> None:
    """Runs this part alone, in a scratch folder unless one is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--home", type=Path, help="state folder to keep; default: a scratch folder")
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as scratch:
        tell("Report", findings(given.home or Path(scratch) / "study", given.sessions), given.json)


if __name__ == "__main__":
    main()
