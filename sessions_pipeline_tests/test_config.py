"""Settings: who wins, what a mistake says, what saving keeps."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from sessions_pipeline.config import Settings, describe_settings, load_settings, save_settings
from sessions_pipeline.folders import Home, SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Home(tmp_path / "state").create().path


def write(home: Path, text: str) -> None:
    Home(home).settings_file.write_text(text, encoding="utf-8")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def complaint(home: Path, overrides: dict[str, object] | None = None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(home, overrides, environ or {})
    return str(caught.value)


class TestWhoWins:
    def test_defaults(self, home: Path) -> None:
        in_force = load_settings(home, environ={})
        assert structs.asdict(in_force.settings) == {
            "sources": (f"{Path.home()}/.claude/projects",),
            "users": "one",
            "rule_set": "study",
            "backend": "rules",
            "reference_labels": None,
            "api_mode": "batch",
            "judge_model": "claude-sonnet-4-6",
            "posting_model": "claude-haiku-4-5",
            "pricing_model": "claude-opus-4-7",
            "calibration": None,
            "max_cost_usd": None,
            "retest_share": 0.0,
            "direct_requests": 4,
            "min_users": 5,
            "schedule_day": 2,
            "window_months": 7,
            "turn_chars": 5000,
            "transcript_chars": 25000,
            "transcript_retention_days": None,
        }
        assert set(in_force.origins.values()) == {"default"}

    def test_flag_over_environment_over_file_over_default(self, home: Path) -> None:
        write(home, 'users = "folder"\nmin_users = 2\nwindow_months = 3\n')
        environ = {"SESSIONS_MIN_USERS": "8", "SESSIONS_WINDOW_MONTHS": "4", "SESSIONS_HOME": "x", "SESSIONS_USERS": ""}
        in_force = load_settings(home, {"window_months": 1, "backend": None}, environ)
        values = in_force.settings
        assert (values.window_months, values.min_users, values.users, values.rule_set) == (1, 8, "folder", "study")
        assert in_force.origins["window_months"] == "flag"
        assert in_force.origins["min_users"] == "environment SESSIONS_MIN_USERS"
        assert in_force.origins["users"] == "settings.toml"
        assert in_force.origins["backend"] == "default"

    def test_folders_from_the_environment_and_from_the_file(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        listed = os.pathsep.join(["~/a", "b", "b", "/c"])
        assert load_settings(home, environ={"SESSIONS_SOURCES": listed}).settings.sources == (
            f"{Path.home()}/a",
            f"{tmp_path}/b",
            "/c",
        )
        # In the file a relative folder counts from the file, so that every process reads the same.
        write(home, 'sources = ["logs", "~/a"]')
        assert load_settings(home, environ={}).settings.sources == (f"{home}/logs", f"{Path.home()}/a")

    def test_keeping_for_ever_can_be_said_against_the_file(self, home: Path) -> None:
        write(home, "transcript_retention_days = 30")
        assert load_settings(home, environ={}).settings.transcript_retention_days == 30
        environ = {"SESSIONS_TRANSCRIPT_RETENTION_DAYS": "keep"}
        in_force = load_settings(home, environ=environ)
        assert in_force.settings.transcript_retention_days is None
        assert in_force.origins["transcript_retention_days"] == "environment SESSIONS_TRANSCRIPT_RETENTION_DAYS"

    def test_addresses_stay_as_they_are_wherever_they_are_set(self, home: Path) -> None:
        listed = os.pathsep.join(["s3://bucket/logs", "/c", "gs://other"])
        expected = ("s3://bucket/logs", "/c", "gs://other")
        assert load_settings(home, environ={"SESSIONS_SOURCES": listed}).settings.sources == expected
        save_settings(home, {"sources": expected})
        assert load_settings(home, environ={}).settings.sources == expected

    def test_a_file_of_users_is_kept_as_an_absolute_path(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        save_settings(home, {"users": "us.csv"})
        assert load_settings(home, environ={}).settings.users == f"{tmp_path}/us.csv"
        # In settings.toml a relative path counts from the state folder, as that of a source does.
        write(home, 'users = "us.csv"')
        assert load_settings(home, environ={}).settings.users == f"{home}/us.csv"
        assert load_settings(home, environ={"SESSIONS_USERS": "~/us.CSV"}).settings.users == f"{Path.home()}/us.CSV"

    def test_a_relative_file_in_settings_toml_counts_from_the_state_folder(self, home: Path) -> None:
        write(home, 'calibration = "paid.csv"\nreference_labels = "read.csv"')
        settings = load_settings(home, environ={}).settings
        assert (settings.calibration, settings.reference_labels) == (home / "paid.csv", home / "read.csv")
        write(home, 'calibration = "shipped"\nreference_labels = "none"')
        settings = load_settings(home, environ={}).settings
        assert (settings.calibration, settings.reference_labels) == (None, None)

    def test_a_limit_on_costs_and_its_absence(self, home: Path) -> None:
        write(home, 'max_cost_usd = 5\ncalibration = "~/paid.csv"')
        settings = load_settings(home, environ={}).settings
        assert (settings.max_cost_usd, settings.calibration) == (5.0, Path.home() / "paid.csv")
        environ = {"SESSIONS_MAX_COST_USD": "unlimited", "SESSIONS_CALIBRATION": "shipped"}
        settings = load_settings(home, environ=environ).settings
        assert (settings.max_cost_usd, settings.calibration) == (None, None)

    def test_without_a_state_folder(self, tmp_path: Path) -> None:
        assert load_settings(tmp_path / "nowhere", environ={}).settings == Settings()


class TestMistakes:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ('users = "two"', 'users = "two" (settings.toml) is not allowed: one or folder, or a CSV file'),
            ("min_users = 0", "min_users = 0 (settings.toml) is not allowed: a whole number, 1 or more"),
            ('min_users = "5"', 'min_users = "5" (settings.toml) is not allowed: a whole number, 1 or more'),
            ("min_users = true", "min_users = true (settings.toml) is not allowed: a whole number, 1 or more"),
            ("turn_chars = 2.5", "turn_chars = 2.5 (settings.toml) is not allowed: a whole number, 1 or more"),
            ('sources = "logs"', 'sources = "logs" (settings.toml) is not allowed: a list of folders'),
            ("sources = []", "sources = [] (settings.toml) is not allowed: a list of folders"),
            ("sources = [1]", "sources = [1] (settings.toml) is not allowed: a list of folders"),
            (
                "max_cost_usd = -1",
                "max_cost_usd = -1 (settings.toml) is not allowed: a number, 0 or more, or unlimited",
            ),
            ("calibration = 3", "calibration = 3 (settings.toml) is not allowed: a file, or shipped"),
            ('judge_model = ""', "is not allowed: a name"),
            ("transcript_retention_days = 0", "is not allowed: a whole number, 1 or more, or keep"),
            ("min_user = 3", "unknown setting min_user (settings.toml): did you mean min_users?"),
            ("[colours]\nsky = 1", "unknown setting colours (settings.toml): allowed: sources, users, rule_set"),
        ],
    )
    def test_in_the_file(self, home: Path, line: str, words: str) -> None:
        write(home, line)
        assert words in complaint(home)

    def test_in_the_environment(self, home: Path) -> None:
        said = complaint(home, environ={"SESSIONS_MIN_USERS": "many"})
        assert said == ('min_users = "many" (environment SESSIONS_MIN_USERS) is not allowed: a whole number, 1 or more')
        assert "did you mean min_users?" in complaint(home, environ={"SESSIONS_MIN_USER": "3"})

    @pytest.mark.parametrize(("text", "number"), [(" 5\n", 5), ("+5", 5), ("05", 5), ("1_000", 1000)])
    def test_whole_numbers_of_the_environment_are_read_as_python_writes_them(
        self, home: Path, text: str, number: int
    ) -> None:
        assert load_settings(home, environ={"SESSIONS_MIN_USERS": text}).settings.min_users == number

    @pytest.mark.parametrize("text", ["1e3", "5.0", "true", "", "0x5"])
    def test_what_is_no_whole_number_is_refused(self, home: Path, text: str) -> None:
        said = complaint(home, environ={"SESSIONS_MIN_USERS": text or " "})
        assert "is not allowed: a whole number, 1 or more" in said

    @pytest.mark.parametrize("text", [".5", "0.5 ", "5e-1"])
    def test_numbers_of_the_environment(self, home: Path, text: str) -> None:
        assert load_settings(home, environ={"SESSIONS_RETEST_SHARE": text}).settings.retest_share == 0.5

    @pytest.mark.parametrize("text", ["nan", "inf", "-0.1", "1.1", "half"])
    def test_what_is_no_share_is_refused(self, home: Path, text: str) -> None:
        assert "a number from 0 to 1" in complaint(home, environ={"SESSIONS_RETEST_SHARE": text})

    def test_a_name_that_is_no_utf8_is_refused(self, home: Path) -> None:
        assert "is not allowed: a name" in complaint(home, environ={"SESSIONS_JUDGE_MODEL": "\udcff"})

    def test_variables_of_others_are_left_alone(self, home: Path) -> None:
        environ = {"SESSIONS_COOKIE_DOMAIN": "x", "SESSIONSX": "y", "MIN_USERS": "z"}
        assert load_settings(home, environ=environ).settings == Settings()

    def test_an_address_with_a_password_is_refused_and_the_password_not_repeated(self, home: Path) -> None:
        said = complaint(home, {"sources": ["sftp://ann:open-sesame@host/logs"]})
        assert "addresses without a password" in said
        assert "open-sesame" not in said

    def test_in_a_flag(self, home: Path) -> None:
        assert (
            complaint(home, {"backend": "gpt"}) == 'backend = "gpt" (flag) is not allowed: rules or claude or distilled'
        )
        assert "unknown setting backends (flag): did you mean backend?" in complaint(home, {"backends": "rules"})

    def test_all_are_told_at_once(self, home: Path) -> None:
        write(home, 'users = "two"\nmin_user = 3\n')
        assert len(complaint(home, {"turn_chars": -1}).splitlines()) == 3

    def test_a_file_that_is_not_toml_is_named_with_its_line(self, home: Path) -> None:
        write(home, 'users = "one"\nmin_users = \n')
        said = complaint(home)
        assert str(Home(home).settings_file) in said
        assert "line 2" in said

    def test_a_file_that_is_not_utf8_is_named_with_its_line(self, home: Path) -> None:
        Home(home).settings_file.write_bytes(b'users = "one"\n# caf\xe9\n')
        assert "not valid UTF-8: line 2" in complaint(home)

    def test_a_file_that_is_a_folder(self, home: Path) -> None:
        Home(home).settings_file.mkdir()
        assert f"cannot read {Home(home).settings_file}" in complaint(home)


class TestSaving:
    def test_keeps_comments_and_other_keys(self, home: Path) -> None:
        write(home, '# ours\nmin_users = 3  # agreed in May\n\nusers = "one"\n')
        save_settings(home, {"sources": ["/logs"], "users": "folder"})
        text = Home(home).settings_file.read_text()
        assert text.startswith('# ours\nmin_users = 3  # agreed in May\n\nusers = "folder"\n')
        in_force = load_settings(home, environ={})
        assert in_force.settings.sources == ("/logs",)
        assert in_force.origins["sources"] == in_force.origins["min_users"] == "settings.toml"

    def test_none_brings_the_default_back(self, home: Path) -> None:
        write(home, "min_users = 3\nwindow_months = 2\n")
        save_settings(home, {"min_users": None})
        assert Home(home).settings_file.read_text() == "window_months = 2\n"

    def test_what_is_relative_to_the_shell_is_saved_absolute(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        save_settings(home, {"sources": ("logs",)})
        monkeypatch.chdir(tmp_path)
        assert load_settings(home, environ={}).settings.sources == (f"{tmp_path}/here/logs",)

    def test_a_wrong_value_is_not_saved(self, home: Path) -> None:
        write(home, "min_users = 3\n")
        with pytest.raises(SettingsError, match="min_users = 0"):
            save_settings(home, {"window_months": 2, "min_users": 0})
        assert Home(home).settings_file.read_text() == "min_users = 3\n"

    def test_a_broken_file_is_not_overwritten(self, home: Path) -> None:
        write(home, "min_users = \n")
        with pytest.raises(SettingsError, match="line 1"):
            save_settings(home, {"window_months": 2})
        assert Home(home).settings_file.read_text() == "min_users = \n"

    def test_modes_and_no_leftovers(self, home: Path) -> None:
        save_settings(home, {"min_users": 3})
        file = Home(home).settings_file
        assert mode(file) == 0o600
        file.chmod(0o640)
        save_settings(home, {"min_users": 4})
        assert mode(file) == 0o640
        assert sorted(path.name for path in home.iterdir() if path.is_file()) == [".gitignore", "settings.toml"]

    def test_nowhere_to_write(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"cannot write .*settings\.toml"):
            save_settings(tmp_path / "nowhere", {"min_users": 3})


def test_every_setting_is_described(home: Path) -> None:
    write(home, 'users = "folder"')
    rows = {row.key: row for row in describe_settings(load_settings(home, environ={}))}
    assert list(rows) == [one.name for one in structs.fields(Settings)]
    assert all(row.meaning for row in rows.values())
    users, labels, days = (rows[key] for key in ("users", "reference_labels", "transcript_retention_days"))
    assert (users.value, users.origin) == ('"folder"', "settings.toml")
    assert users.allowed.startswith("one or folder, or a CSV file")
    assert (labels.value, labels.origin, labels.allowed) == ('"none"', "default", "a file, or none")
    assert (days.value, days.origin, days.allowed) == ('"keep"', "default", "a whole number, 1 or more, or keep")
    assert rows["min_users"].value == "5"
    assert rows["sources"].value == f'["{Path.home()}/.claude/projects"]'


def test_importing_settings_is_cheap() -> None:
    heavy = "dagster", "duckdb", "polars", "pandera", "pydantic", "tomlkit"
    script = f"import sys, sessions_pipeline.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
