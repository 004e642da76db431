"""`gold draw` and `gold load`: files, exit codes, what is said, and that filled-in labels are never lost."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from sessions_pipeline.cli import main
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.state import State
from sessions_pipeline_tests.analysis.sessions import drawn_sessions
from sessions_pipeline_tests.dbt_like_sql.running import month

MONTHS = [month("2026-03"), month("2026-04")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """120 labelled sessions of two months; those of April have transcripts."""
    state = State(home=str(tmp_path / "home"))
    sessions = drawn_sessions(seed=1, n=120).with_columns(labels_backend=pl.lit("rules"))
    state.warehouse.replace_window("core.classified_sessions", sessions, MONTHS)
    ids = sessions.filter(month=MONTHS[1])["session_id"]
    texts = [f"what {name} said" for name in ids]
    frame = pl.DataFrame({"session_id": ids, "transcript": texts, "opening": texts})
    Transcripts(state.folders.private).write(MONTHS[1], frame)
    return Path(state.home)


def cli(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments], catch_exceptions=False)


def files(home: Path) -> list[Path]:
    return sorted((home / "private" / "gold").glob("draw-*.csv"))


def filled(path: Path, **labels: str) -> list[dict[str, str]]:
    """Writes `labels` into every line of the file."""
    with path.open(newline="") as stream:
        lines = [{**line, **labels} for line in csv.DictReader(stream)]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    return lines


def stored(home: Path, table: str) -> pl.DataFrame:
    return State(home=str(home)).warehouse.read(table)


def test_a_draw_is_stored_and_its_file_tells_nothing_of_the_judges_labels(home: Path) -> None:
    done = cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    assert (done.exit_code, "30 sessions" in done.output) == (0, True)
    (path,) = files(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    rows = stored(home, "labels.gold_draws").sort("month", "session_id")
    again = path.read_bytes()
    told = json.loads(cli(home, "gold", "draw", "--size", "30", "--by", "outcome", "--json").stdout)
    assert (told["file"], told["sessions"], told["to_label"]) == (str(path), 30, 30)
    assert path.read_bytes() == again
    assert [line["session_id"] for line in lines] == rows["session_id"].to_list()
    assert [float(line["probability"]) for line in lines] == pytest.approx(rows["probability"].to_list(), rel=1e-5)
    assert {value for line in lines for name, value in line.items() if name in ("outcome", "expertise")} == {""}
    assert "stratum" not in lines[0]


def test_the_same_draw_twice_is_one_and_filled_in_labels_stay(home: Path) -> None:
    cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    first, (path,) = stored(home, "labels.gold_draws"), files(home)
    filled(path, outcome="failed")
    text = path.read_text()
    done = cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    assert (done.exit_code, "stays as it is" in done.output) == (0, True)
    assert path.read_text() == text
    assert stored(home, "labels.gold_draws").equals(first)


def test_labels_come_back_and_a_larger_draw_leaves_out_what_is_labelled(home: Path) -> None:
    cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    (path,) = files(home)
    lines = filled(path, outcome="failed", success_signal="none")
    done = cli(home, "gold", "load", str(path))
    assert (done.exit_code, "60 labels of 30 sessions" in done.output) == (0, True)
    assert stored(home, "labels.gold").select("facet", "label").unique().height == 2
    assert cli(home, "gold", "draw", "--size", "50", "--by", "outcome").exit_code == 0
    (larger,) = [found for found in files(home) if found != path]
    with larger.open(newline="") as stream:
        more = {line["session_id"] for line in csv.DictReader(stream)}
    assert len(more) == 20
    assert not more & {line["session_id"] for line in lines}
    assert stored(home, "labels.gold_draws").group_by("draw_id").len()["len"].sort().to_list() == [30, 50]


def test_loading_again_replaces_and_another_pass_is_kept_beside(home: Path) -> None:
    cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    (path,) = files(home)
    for outcome, number in (("failed", "1"), ("succeeded", "1"), ("failed", "2")):
        filled(path, outcome=outcome, **{"pass": number})
        assert cli(home, "gold", "load", str(path)).exit_code == 0
    found = stored(home, "labels.gold").group_by("pass_number", "label").len().sort("pass_number")
    assert found.rows() == [(1, "succeeded", 30), (2, "failed", 30)]


def test_what_cannot_be_loaded_is_counted_with_its_place(home: Path) -> None:
    cli(home, "gold", "draw", "--size", "30", "--by", "outcome")
    (path,) = files(home)
    lines = filled(path, outcome="failed")
    wrong = path.with_name("wrong.csv")
    wrong.write_text(
        f"session_id,outcome\n{lines[0]['session_id']},failed\n{lines[1]['session_id']},well\nnobody,failed\n"
    )
    done = cli(home, "gold", "load", str(wrong))
    assert done.exit_code == 1
    assert f"unknown labels in outcome: 1 ('well' of session {lines[1]['session_id']})" in done.output
    assert "sessions that were not drawn: 1 (nobody)" in done.output
    assert "without a label in the file: 29" in done.output
    assert stored(home, "labels.gold")["session_id"].to_list() == [lines[0]["session_id"]]
    again = cli(home, "gold", "load", str(wrong), "--json")
    told = json.loads(again.stdout)
    assert (again.exit_code, told["labels"], len(told["unlabelled"])) == (1, 1, 29)
    assert told["left_out"]["sessions that were not drawn"] == ["nobody"]


def test_exit_codes_of_what_cannot_be_done(home: Path, tmp_path: Path) -> None:
    assert cli(tmp_path / "nowhere", "gold", "draw").exit_code == 2
    assert cli(home, "gold", "draw", "--by", "mood").exit_code == 2
    assert cli(home, "gold", "draw", "--size", "1").exit_code == 2
    assert cli(home, "gold", "load", str(tmp_path / "nowhere.csv")).exit_code == 1
    (tmp_path / "empty.csv").write_text("session_id,outcome\n")
    assert cli(home, "gold", "load", str(tmp_path / "empty.csv")).exit_code == 2
    all_there_is = cli(home, "gold", "draw", "--size", "500", "--by", "outcome")
    assert (all_there_is.exit_code, "have 120" in all_there_is.output) == (1, True)


def test_transcripts_are_for_the_owner_alone_and_go_with_purge(home: Path) -> None:
    done = cli(home, "gold", "draw", "--size", "30", "--by", "outcome", "--transcripts")
    assert (done.exit_code, "transcripts that are not there" in done.output) == (1, True)
    with files(home)[0].open(newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["month"] == "2026-04"]
    folder = home / "private" / "gold" / "transcripts"
    for line in lines:
        path = folder / line["file"]
        assert path.read_text() == f"what {line['session_id']} said"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cli(home, "purge", "--before", "2026-04").exit_code == 0
    assert len(list(folder.rglob("*.txt"))) == len(lines)
    assert cli(home, "purge", "--before", "2026-05").exit_code == 0
    assert not list(folder.rglob("*.txt"))
