"""What a command says to input that it cannot use: what was expected and what to do, and no stack."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sessions_pipeline.cli import main


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with a report of March."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report-2026-03.html").write_text("")
    return tmp_path


def cli(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


def test_a_demo_of_nothing_is_refused(home: Path) -> None:
    done = cli(home, "demo", "--users", "0")
    assert (done.exit_code, "0 is not in the range x>=1" in done.stderr) == (2, True)


def test_a_port_that_is_taken_is_told_before_the_server_starts(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = cli(home, "ui", "--port", port)
    assert done.exit_code == 1
    assert f"port {port} is in use: end what listens there, or name another with --port" in done.stderr


def test_an_export_of_a_month_without_a_report_names_the_month(home: Path) -> None:
    done = cli(home, "export", "--month", "2026-01")
    assert (done.exit_code, "no report of 2026-01" in done.stderr) == (2, True)


def test_a_settings_file_that_is_not_toml_is_named_with_the_place_and_what_to_do(home: Path) -> None:
    (home / "settings.toml").write_text("min_users = [\n")
    done = cli(home, "settings")
    assert done.exit_code == 1
    assert f"{home / 'settings.toml'} is not valid TOML" in done.stderr
    assert "or remove the file" in done.stderr


def test_after_a_demo_a_command_without_a_state_folder_names_the_demos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = cli(tmp_path / "other", "report").stderr
    (tmp_path / ".sessions-demo").mkdir()
    (tmp_path / ".sessions-demo" / "warehouse.duckdb").touch()
    assert "--home .sessions-demo" not in said
    assert "--home .sessions-demo" in cli(tmp_path / "other", "report").stderr
