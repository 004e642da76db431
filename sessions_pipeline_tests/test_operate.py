"""A second run makes what has changed and what was made from it, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import pytest
from dagster import DagsterInstance

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.months import add_months
from sessions_pipeline.operate import Outcome, prepare, publish, run
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.ingest import ingest
from sessions_pipeline.stages import PUBLISH
from sessions_pipeline.state import State
from sessions_pipeline_tests.lines import write
from sessions_pipeline_tests.test_cli import work

WINDOW = 2


def log(home: Home, month: int, sessions: int = 1) -> None:
    """The log of month number `month`, with so many sessions."""
    lines = [line for number in range(sessions) for line in work(f"s{month}-{number}", number * 3600, month)]
    write(home.path / "logs" / "p" / f"{month}.jsonl", *lines)


def launched(home: Home) -> list[tuple[str, str]]:
    """Job and months of every run so far, in order."""
    with DagsterInstance.from_config(str(home.dagster)) as instance:
        runs = [record.dagster_run for record in reversed(instance.get_run_records())]
    return [(run.job_name, months_of(run.tags)) for run in runs]


def months_of(tags: Mapping[str, str]) -> str:
    """The partition of a run with these tags, or the first and last of its range."""
    first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
    return f"{first} to {last}" if first else tags["dagster/partition"]


def make(home: Home) -> Outcome:
    """What `sessions-pipeline run` does."""
    state = State(home=str(home.path))
    found = ingest(Archive(home.private), state.settings)
    return run(home, None, None, found.book, WINDOW, lambda line: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A state folder with three months, made once."""
    found = Home(tmp_path_factory.mktemp("operate") / "home").create()
    save_settings(found.path, {"sources": [str(found.path / "logs")], "window_months": WINDOW})
    for month in range(3):
        log(found, month)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "SESSIONS_HOME"):
            patch.setenv(name, "")
        prepare(found)
        assert not make(found).failures
        yield found


def stamps(home: Home) -> dict[str, int]:
    """When each report was written."""
    return {path.stem.removeprefix("report-"): path.stat().st_mtime_ns for path in home.reports.glob("report-*.html")}


def test_only_the_changed_month_and_the_vintages_that_see_it_are_made_again(home: Home) -> None:
    before, runs = stamps(home), launched(home)
    months = sorted(before)
    assert len(months) == 3
    again = make(home)
    assert (again.failures, len(again.vintages)) == ([], 3)
    assert (stamps(home), launched(home)) == (before, runs)

    log(home, 1, sessions=2)
    assert not make(home).failures
    changed, seen_by = f"{months[1]}-01", f"{months[2]}-01"
    assert launched(home)[len(runs) :] == [
        ("ingest", changed),
        ("label", changed),
        ("join", changed),
        ("publish", f"{changed} to {seen_by}"),
    ]
    after = stamps(home)
    assert {month for month in months if after[month] != before[month]} == set(months[1:3])


def test_a_report_that_is_gone_and_a_table_that_somebody_changed_are_made_again(home: Home) -> None:
    assert not make(home).failures
    runs, first = launched(home), sorted(stamps(home))[0]
    report = home.reports / f"report-{first}.html"
    written = report.read_bytes()
    report.unlink()
    assert not make(home).failures
    assert launched(home)[len(runs) :] == [("publish", f"{first}-01")]
    assert report.read_bytes() == written

    runs, warehouse = launched(home), State(home=str(home.path)).warehouse
    labels = warehouse.read("labels.classifications")
    month = labels["month"].min()
    assert isinstance(month, dt.date)
    warehouse.replace_window("labels.classifications", labels.clear(), [month])
    assert not make(home).failures
    assert launched(home)[len(runs) :] == [("label", f"{first}-01")]
    assert warehouse.read("labels.classifications").drop("classified_at").equals(labels.drop("classified_at"))


def test_a_month_without_a_session_becomes_no_vintage_though_its_partition_is_made(home: Home) -> None:
    # Months that are chosen in the UI ask for the vintages whose window holds them, which may not have come yet.
    assert not make(home).failures
    before, warehouse = stamps(home), State(home=str(home.path)).warehouse
    last = max(warehouse.months("core.classified_sessions"))
    figures = warehouse.read("staging.figures")
    coming = [last, add_months(last, 1), add_months(last, 2)]
    assert publish(home, coming, lambda line: None).failures == []
    assert launched(home)[-1] == ("publish", f"{coming[0]} to {coming[-1]}")
    assert stamps(home).keys() == before.keys()
    assert warehouse.read("staging.figures").equals(figures)
    assert {table for table in PUBLISH.makes if set(warehouse.months(table)) & set(coming[1:])} == set()
    assert publish(home, coming[1:], lambda line: None).failures == []
