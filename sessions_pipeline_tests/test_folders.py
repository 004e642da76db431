"""The state folder: where it lies, who may read it, what is said where it cannot be; and what it costs to import."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sessions_pipeline.folders import Home, SettingsError, default_home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestTheStateFolder:
    def test_layout_and_modes(self, tmp_path: Path) -> None:
        home = Home(tmp_path / "a" / "state").create()
        assert home.warehouse == tmp_path / "a" / "state" / "warehouse.duckdb"
        assert mode(home.path) == mode(home.private) == 0o700
        assert home.reports.is_dir()
        assert home.dagster.is_dir()
        assert (home.path / ".gitignore").read_text() == "*\n"

    def test_making_it_again_closes_private_and_changes_nothing_else(self, tmp_path: Path) -> None:
        home = Home(tmp_path / "state").create()
        (home.path / ".gitignore").write_text("mine\n")
        home.path.chmod(0o755)
        home.private.chmod(0o755)
        home.create()
        assert (mode(home.path), mode(home.private)) == (0o755, 0o700)
        assert (home.path / ".gitignore").read_text() == "mine\n"

    def test_a_project_is_not_hidden_from_git(self, tmp_path: Path) -> None:
        (tmp_path / "main.py").write_text("")
        Home(tmp_path).create()
        assert not (tmp_path / ".gitignore").exists()

    def test_a_later_change_of_directory_does_not_move_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        home = Home(Path(".sessions"))
        monkeypatch.chdir("/")
        assert home.path == tmp_path / ".sessions"

    def test_default(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert default_home({}) == default_home({"SESSIONS_HOME": ""}) == Home(tmp_path / ".sessions")
        assert default_home({"SESSIONS_HOME": "~/s"}) == Home(Path.home() / "s")

    @pytest.mark.parametrize("name", ["file", "file/inside"])
    def test_an_impossible_one_says_what_to_do(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(
            SettingsError, match=r"cannot use .*file.* as state folder: .*--home DIR or \$SESSIONS_HOME"
        ):
            Home(tmp_path / name).create()


def test_what_a_worker_process_imports_is_light() -> None:
    heavy = "dagster", "duckdb", "polars", "pandas", "pandera", "pydantic", "numpy", "click", "rich"
    script = f"import sys, sessions_pipeline.sessions.add_up; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_newest_vintage_is_that_of_the_newest_report(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    assert home.newest_vintage() is None
    for name in ("report-2025-12.html", "report-2026-02.html"):
        (home.reports / name).touch()
    assert home.newest_vintage() == dt.date(2026, 2, 1)
