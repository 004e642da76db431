import datetime as dt

from sessions_pipeline.report.index import HEAD_BYTES, build_index, entries_in
from sessions_pipeline.report.page import build_page
from sessions_pipeline.report.summary import Summary, read_summary
from sessions_pipeline_tests.report import example
from sessions_pipeline_tests.report.html_reading import read


def test_a_report_says_in_its_head_what_its_tiles_say():
    page = build_page(example.inputs())
    summary = read_summary(page[:HEAD_BYTES])
    assert (summary.month, summary.sessions, summary.users, summary.backend) == ("2026-04", 702, 120, "rules")
    tiles = read(page).by_id("headlines").text()
    assert {"sessions", "work_mode", "task_value", "slope"} <= set(summary.headlines)
    for label, value, remark in summary.headlines.values():
        assert f"{label} {value} {remark}" in tiles


def test_markup_in_a_summary_survives_the_way_through_the_page_as_text():
    summary = read_summary(build_page(example.hostile_inputs())[:HEAD_BYTES])
    assert summary.backend == example.HOSTILE


def test_a_report_of_an_older_version_is_listed_without_numbers(tmp_path):
    tmp_path.joinpath("report-2025-12.html").write_text("<!doctype html><title>old</title>")
    tmp_path.joinpath("report-2026-01.html").write_text(f'<meta name="{Summary.META}" content="{{}}">')
    tmp_path.joinpath("report-draft.html").write_text("not a report of the pipeline")
    entries = entries_in(tmp_path)
    assert [(entry.month, entry.summary) for entry in entries] == [
        (dt.date(2026, 1, 1), None),
        (dt.date(2025, 12, 1), None),
    ]
    links = [link.attributes["href"] for link in read(build_index(entries, "0.1.0")).every("a")]
    assert links == ["report-2026-01.html", "report-2025-12.html"]


def test_an_index_of_nothing_says_so():
    assert "There is no report yet." in read(build_index([], "0.1.0")).text()
