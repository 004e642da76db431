"""The command line as a person uses it: messages, exit codes, and what a second run changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.testing import FakeApi
from sessions_pipeline_tests.command_line import Ended, cli, dump, process
from sessions_pipeline_tests.lines import call, human, reply, result, text, write


def work(session: str, at: float, month: int = 0) -> list[dict[str, Any]]:
    """A small session `month` times thirty days later."""
    later = at + month * 30 * 86_400
    return [
        human("The login test fails on an empty password, please fix the check", later, session=session),
        reply(
            later + 5,
            text("I look at it"),
            call("Bash", f"t-{session}", command="pytest -q"),
            message=f"a-{session}",
            session=session,
        ),
        result(f"t-{session}", later + 9, "1 failed", is_error=True, session=session),
        reply(
            later + 20,
            text("Fixed"),
            call("Edit", f"e-{session}", file_path="/srv/a.py", old_string="a", new_string="b"),
            message=f"b-{session}",
            session=session,
        ),
        result(f"e-{session}", later + 21, "ok", session=session),
        human("great, thanks", later + 60, session=session),
        reply(later + 70, text("You are welcome"), message=f"c-{session}", session=session),
    ]


def test_no_such_folder_an_empty_one_and_one_without_sessions_say_so_with_exit_code_2(tmp_path: Path) -> None:
    missing = cli(tmp_path / "home", "run", "--json", "--source", str(tmp_path / "nowhere"))
    assert (missing.returncode, "nowhere" in missing.stderr) == (2, True)
    assert "No such file or directory" in missing.stderr
    told = json.loads(missing.stdout)
    assert told["error"] in missing.stderr
    assert told["cannot_read"] == [{"place": str(tmp_path / "nowhere"), "reason": "No such file or directory"}]
    (tmp_path / "empty").mkdir()
    empty = cli(tmp_path / "home", "run", "--source", str(tmp_path / "empty"))
    assert empty.returncode == 2
    assert "--source" in empty.stderr
    write(tmp_path / "other" / "a.jsonl", {"type": "summary", "summary": "x"}, b"\x00\x00", b"[1]")
    other = cli(tmp_path / "home", "run", "--source", str(tmp_path / "other"))
    assert other.returncode == 2
    assert "none of the 1 .jsonl files" in other.stderr


def test_months_without_a_session_are_nothing_to_do(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "p" / "s1.jsonl", *work("s1", 0))
    found = cli(tmp_path / "home", "run", "--source", str(tmp_path / "logs"), "--from", "2026-05")
    assert found.returncode == 2
    assert "no session started in these months" in found.stderr
    backwards = cli(tmp_path / "home", "run", "--from", "2026-05", "--to", "2026-04")
    assert backwards.returncode == 2
    assert "--from 2026-05 lies after --to 2026-04" in backwards.stderr


def test_a_wrong_setting_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text('users = "many"\nmin_user = 3\n')
    found = cli(tmp_path / "home", "settings")
    assert found.returncode == 1
    assert "users" in found.stderr
    assert "one or folder" in found.stderr
    assert "did you mean min_users" in found.stderr
    month = cli(tmp_path / "home", "run", "--from", "May")
    assert month.returncode == 2
    assert "YYYY-MM" in month.stderr


def test_settings_say_where_each_value_comes_from(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text("min_users = 9\n")
    found = cli(tmp_path / "home", "settings", "--json", SESSIONS_WINDOW_MONTHS="3")
    settings = json.loads(found.stdout)
    assert settings["min_users"] == {"value": 9, "from": "settings.toml"}
    assert settings["window_months"] == {"value": 3, "from": "environment SESSIONS_WINDOW_MONTHS"}
    assert settings["rule_set"] == {"value": "study", "from": "default"}


def test_the_claude_backend_without_a_key_says_what_to_do_and_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "p" / "s1.jsonl", *work("s1", 0))
    keyless = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}
    found = cli(tmp_path / "home", "run", "--source", str(tmp_path / "logs"), "--backend", "claude", **keyless)
    assert found.returncode == 1
    assert "ANTHROPIC_API_KEY" in found.stderr
    assert not (tmp_path / "home" / "settings.toml").exists()


def test_the_distilled_backend_without_a_judge_s_labels_says_what_to_do_and_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "p" / "s1.jsonl", *work("s1", 0))
    found = cli(tmp_path / "home", "run", "--source", str(tmp_path / "logs"), "--backend", "distilled")
    assert found.returncode == 1
    assert "Label a sample with --backend claude first" in found.stderr
    assert "200 sessions with a label are needed for each classifier, and there are: work_mode 0" in found.stderr
    assert not (tmp_path / "home" / "settings.toml").exists()


def test_labels_by_a_model_are_estimated_paid_for_and_kept(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / "logs" / "p" / f"s{number}.jsonl", *work(f"s{number}", number * 100))
    home, key = tmp_path / "home", "key-that-nobody-may-see"
    with FakeApi(tmp_path / "api") as api:
        environment = {"ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": key}
        sources = {"SESSIONS_SOURCES": str(tmp_path / "logs")}
        told = cli(home, "estimate", "--json", **environment, **sources)
        assert told.returncode == 0, told.stderr
        estimate = json.loads(told.stdout)
        assert (estimate["totals"]["labels"], estimate["totals"]["known"]) == (2 * len(CLASSIFIERS), 0)
        assert 0 < estimate["totals"]["batch"] < estimate["totals"]["direct"]
        assert api.received == []
        done = cli(
            home, "run", "--source", str(tmp_path / "logs"), "--backend", "claude", "--max-cost", "9", **environment
        )
        assert done.returncode == 0, done.stderr
        assert "estimated cost in US dollars" in done.stderr
        assert "limit: 9.00 US dollars" in done.stderr
        # The two sessions read alike, so they are paid for once; task value takes two requests.
        assert len(api.ledger()) == len(CLASSIFIERS) + 1
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        query = "select backend, status, count(*), sum(cost_usd) > 0 from labels.classifications group by all"
        assert connection.execute(query).fetchall() == [("claude", "ok", 2 * len(CLASSIFIERS), True)]
        assert connection.execute("select distinct labels_backend from core.classified_sessions").fetchall() == [
            ("claude",)
        ]
    assert key not in done.stderr + done.stdout
    assert not any(key.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Ended]:
    """A source with sessions of two months, a gap between them and a bad line, and the first run on it."""
    folder = tmp_path_factory.mktemp("ran")
    for number in range(4):
        session = f"s{number}"
        write(folder / "logs" / "p" / f"{session}.jsonl", *work(session, number * 100, month=3 * (number % 2)))
    write(folder / "logs" / "p" / "bad.jsonl", b"{torn", b"[" * 50_000)
    return folder / "logs", folder / "home", process(folder / "home", "run", "--source", str(folder / "logs"))


def test_one_command_goes_from_logs_to_a_report(ran: tuple[Path, Path, Ended]) -> None:
    _, home, done = ran
    assert done.returncode == 0, done.stderr
    assert f"report: {home / 'reports' / 'report-2026-01.html'}" in done.stdout
    assert f"all reports: {home / 'reports' / 'index.html'}" in done.stdout
    page = (home / "reports" / "report-2026-01.html").read_text()
    assert "rules" in page
    tables = dump(home)
    assert len(tables["core.sessions"]) == 4
    assert len(tables["core.classified_sessions"]) == 4
    assert len(tables["raw.rejected_lines"]) == 2
    assert (home / "settings.toml").read_text().count("logs") == 1


def test_a_second_run_changes_nothing_and_tells_machines_where_the_reports_are(
    ran: tuple[Path, Path, Ended],
) -> None:
    _, home, _ = ran
    before = dump(home)
    pages = {path: path.read_bytes() for path in (home / "reports").rglob("*.*")}
    done = cli(home, "run", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["report"] == str(home / "reports" / "report-2026-01.html")
    assert told["index"] == str(home / "reports" / "index.html")
    assert (told["log_files"], told["log_files_read"], told["failures"]) == (5, 0, [])
    assert dump(home) == before
    assert {path: path.read_bytes() for path in (home / "reports").rglob("*.*")} == pages


def test_labels_are_explained_by_evidence_and_not_by_text(
    ran: tuple[Path, Path, Ended],
) -> None:
    _, home, _ = ran
    done = cli(home, "explain", "s0")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(CLASSIFIERS)
    assert "work_mode: fix" in done.stdout
    assert "empty password" not in done.stdout
    told = json.loads(cli(home, "explain", "s0", "--json").stdout)
    assert set(told) == set(CLASSIFIERS)
    assert told["work_mode"]["label"] == "fix"
    assert cli(home, "explain", "s").returncode == 2
    assert "0 sessions" in cli(home, "explain", "zzz").stderr


# Everything is made again with new reference labels or a file of users: from here on of the second month alone.
SECOND_MONTH = ("--from", "2026-01")


def test_backends_are_compared_with_reference_labels_in_the_report_and_a_new_session_changes_its_month(
    ran: tuple[Path, Path, Ended], tmp_path: Path
) -> None:
    logs, home, _ = ran
    assert "name their file with --labels" in cli(home, "agreement").stderr
    labels = tmp_path / "labels.csv"
    labels.write_text("session_id,work_mode,mood\ns0,fix,good\ns1,build,bad\ns2,mend,bad\nelsewhere,fix,good\n")
    done = cli(home, "agreement", "--labels", str(labels), "--json")
    assert done.returncode == 0, done.stderr
    assert "unknown columns: 1 ('mood')" in done.stderr
    assert "unknown labels in work_mode: 1 ('mend' of session s2)" in done.stderr
    assert "sessions that are not in the warehouse: 1 (elsewhere)" in done.stderr
    exact, kappa = json.loads(done.stdout)["agreement"]
    assert (exact["rater"], exact["facet"], exact["metric"]) == ("rules", "work_mode", "exact")
    assert (exact["estimate"], exact["baseline"], exact["sessions"], exact["users"]) == (0.5, 0.5, 2, 1)
    assert (kappa["metric"], kappa["estimate"], kappa["ci_low"]) == ("kappa", 0.0, None)
    table = cli(home, "agreement")
    assert table.returncode == 0
    assert "work_mode: reference (rows) and rules (columns)" in table.stdout

    # A new session and a file that cannot be read come in the same run.
    before = dump(home)
    write(logs / "p" / "s9.jsonl", *work("s9", 5_000, month=3))
    (logs / "p" / "gone.jsonl").symlink_to(logs / "nowhere")
    done = cli(home, "run", *SECOND_MONTH)
    assert done.returncode == 1
    assert "cannot read" in done.stderr
    after = dump(home)
    assert len(after["core.sessions"]) == 5
    assert set(map(str, before["core.sessions"])) < set(map(str, after["core.sessions"]))
    months = {(row[2], row[3], row[4], row[8]) for row in after["analysis.agreement"] if row[0].month == 1}
    assert months == {("rules", "work_mode", "exact", 0.5), ("rules", "work_mode", "kappa", 0.0)}
    assert "agree with reference labels" in (home / "reports" / "report-2026-01.html").read_text()


def test_reference_labels_that_cannot_be_compared_say_why(ran: tuple[Path, Path, Ended], tmp_path: Path) -> None:
    _, home, _ = ran
    kept = (home / "settings.toml").read_text()
    labels = tmp_path / "labels.csv"
    for content, code, said in (
        ("session_id,work_mode\nelsewhere,fix\n", 2, "nothing to compare"),
        ("name,work_mode\ns0,fix\n", 1, "has no column session_id"),
    ):
        labels.write_text(content)
        done = cli(home, "agreement", "--labels", str(labels))
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    (home / "settings.toml").write_text(kept)


def test_purged_text_is_gone_and_every_number_stays(
    ran: tuple[Path, Path, Ended],
) -> None:
    logs, home, _ = ran
    (logs / "p" / "gone.jsonl").unlink(missing_ok=True)
    assert cli(home, "run", *SECOND_MONTH).returncode == 0
    before = dump(home)
    done = cli(home, "purge", "--before", "2027-01")
    assert done.returncode == 0
    assert "sessions that started before 2027-01" in done.stdout
    private = [path for path in (home / "private").rglob("*") if path.is_file()]
    assert not any(b"empty password" in path.read_bytes() for path in private)
    assert cli(home, "run", *SECOND_MONTH).returncode == 0
    after = dump(home)
    for table in ("core.sessions", "labels.classifications", "core.classified_sessions", "marts.work_mode_shares"):
        assert after[table] == before[table], table


def test_purge_without_a_limit_has_nothing_to_do(tmp_path: Path) -> None:
    done = cli(tmp_path / "home", "purge", "--json")
    assert (done.returncode, list(json.loads(done.stdout))) == (2, ["error"])


def test_the_newest_report_is_found(ran: tuple[Path, Path, Ended], tmp_path: Path) -> None:
    found = cli(ran[1], "report")
    assert found.stdout == f"{ran[1] / 'reports' / 'report-2026-01.html'}\n"
    assert str(ran[1] / "reports" / "index.html") in found.stderr
    assert cli(tmp_path / "home", "report").returncode == 2


def test_a_month_whose_files_are_gone_keeps_its_sessions_and_follows_a_file_of_users(
    ran: tuple[Path, Path, Ended], tmp_path: Path
) -> None:
    logs, home, _ = ran
    before = sessions(home, "* exclude (user_key, is_eligible, exclusion, log_digest)")
    for name in ("s1", "s3", "s9"):
        (logs / "p" / f"{name}.jsonl").unlink()
    users = tmp_path / "users.csv"
    users.write_text("pattern,user\np/s1.jsonl,ann\np/s3.jsonl,ben\np/s0.jsonl,ben\np/bad.jsonl,\n")
    done = cli(home, "run", *SECOND_MONTH, "--users", str(users))
    assert done.returncode == 1
    assert f"1 log files belong to no user, so that their sessions are left out: {logs}/p/s2.jsonl" in done.stderr
    assert sessions(home, "* exclude (user_key, is_eligible, exclusion, log_digest)") == before
    user_of = {name: (user, why) for name, user, why in sessions(home, "session_id, user_key, exclusion")}
    assert (user_of["s1"][1], user_of["s3"][1], user_of["s9"]) == (None, None, ("", "no_user"))
    assert user_of["s1"] != user_of["s3"]
    assert f'users = "{users}"' in (home / "settings.toml").read_text()


def sessions(home: Path, columns: str) -> list[Any]:
    """Rows of core.sessions."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"select {columns} from core.sessions order by session_id").fetchall()


def test_a_wrong_file_of_users_is_told_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("pattern,user\nann\n")
    done = cli(tmp_path / "home", "run", "--users", str(tmp_path / "users.csv"))
    assert done.returncode == 1
    assert "users.csv, line 2: expected 2 cells, pattern and user, found 1" in done.stderr
    assert not (tmp_path / "home" / "settings.toml").exists()
