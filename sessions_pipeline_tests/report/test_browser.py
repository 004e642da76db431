"""The pages in headless Chromium: what they show, what they do when clicked, and what they never do."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.report.index import build_index, entries_in
from sessions_pipeline.report.page import build_page
from sessions_pipeline_tests.command_line import cli
from sessions_pipeline_tests.report import example
from sessions_pipeline_tests.report.simulated import simulated_inputs

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the report is not tried in it")

# Room depends on the width alone and colours on the scheme alone: two screens show both of each.
SCREENS = [(1440, "light"), (390, "dark")]
SHAPES = {
    "whole": lambda: example.inputs(example.MONTHS[-2:]),
    "personal": example.personal_inputs,
    "empty": example.empty_inputs,
    "hostile": example.hostile_inputs,
    "simulated": simulated_inputs,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A page of every shape, two reports and their index."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in SHAPES.items():
        folder.joinpath(f"{name}.html").write_text(build_page(make()), encoding="utf-8")
    shutil.copy(folder / "whole.html", folder / "report-2026-04.html")
    shutil.copy(folder / "hostile.html", folder / "report-2026-03.html")
    folder.joinpath("index.html").write_text(build_index(entries_in(folder), example.HOSTILE), encoding="utf-8")
    return folder


class Opened:
    """A page with everything that it said, asked for or let happen."""

    def __init__(self, browser: Any, path: Path, width: int = 1440, scheme: str = "light", scripts: bool = True):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.address = path.as_uri()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")

    def is_silent(self) -> bool:
        outside = [url for url in self.asked if url != self.address and not url.startswith(("data:", "blob:"))]
        assert not self.said
        assert not outside
        return True

    def column(self, table: str, at: int) -> list[str]:
        return self.page.locator(f"{table} tbody tr").evaluate_all(
            "(rows, at) => rows.map((row) => row.cells[at].textContent)", at
        )


@pytest.fixture(scope="module")
def whole(browser: Any, folder: Path) -> Iterator[Opened]:
    """The page with every table unfolded, opened once for the tests that click in different parts of it."""
    with Opened(browser, folder / "whole.html") as opened:
        opened.unfold()
        yield opened


def serious_faults(page: Any) -> list[str]:
    """Faults of a page, which loses the rows of its tables that look like two before them: thousands of cells that
    one template writes are nine tenths of the checker's time."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(
        """document.querySelectorAll('tbody').forEach((body) => {
            const seen = {};
            for (const row of [...body.rows]) {
                const kind = [row.className, row.cells.length, row.querySelectorAll('.none').length > 0];
                seen[kind] = (seen[kind] ?? 0) + 1;
                if (seen[kind] > 2) row.remove();
            }
        })"""
    )
    # Pictures are hidden from assistive technology and said in words; the contrast of their colours is tested as such.
    found = (
        Axe().run(page, context={"exclude": ["svg"]}, options={"resultTypes": ["violations"]}).response["violations"]
    )
    return [
        f"{fault['id']}: {fault['help']}: {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def drawn(page: Any) -> list[tuple[float, int]]:
    """Width and number of parts of the picture of every exhibit that has one, as the screen shows it."""
    return page.locator(".picture").evaluate_all(
        """(pictures) => pictures.map((picture) => {
            const [svg] = [...picture.querySelectorAll('svg')].filter((one) => one.getBoundingClientRect().width);
            return [svg.getBoundingClientRect().width, svg.querySelectorAll('path, text').length];
        })"""
    )


@pytest.mark.parametrize("shape", ["whole", "simulated"])
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_every_exhibit_is_drawn_and_nothing_leaks_or_bars_the_way(browser, folder, width, scheme, shape):
    with Opened(browser, folder / f"{shape}.html", width, scheme) as opened:
        page = opened.page
        opened.unfold()
        pictures = drawn(page)
        # No log stands behind the simulated study, so that its flow is said in words.
        assert page.locator("section:has(figure .nothing)").count() == (shape == "simulated")
        assert len(pictures) == page.locator("figure:not(:has(.nothing))").count() > 13
        assert all(100 < wide <= width and parts > 10 for wide, parts in pictures)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        assert opened.is_silent()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """The newest report of a small demo, made by its command."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = cli(home, "demo", "--sessions", "150", "--users", "40")
    assert done.returncode == 0, done.stderr
    return max(home.rglob("report-*.html"))


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_report_of_a_demo_is_drawn_where_it_has_enough_people_and_bars_nobodys_way(browser, demo, width, scheme):
    with Opened(browser, demo, width, scheme) as opened:
        page = opened.page
        opened.unfold()
        pictures = drawn(page)
        assert len(pictures) == page.locator("figure:not(:has(.nothing))").count() > 3
        assert all(100 < wide <= width and parts > 10 for wide, parts in pictures)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        assert opened.is_silent()


@pytest.mark.parametrize("shape", ["personal", "empty", "hostile"])
def test_a_page_of_any_shape_is_silent_and_fits_the_screen(browser, folder, shape):
    with Opened(browser, folder / f"{shape}.html", 390) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert opened.is_silent()


def test_markup_in_the_data_stays_text_in_the_browser(browser, folder):
    with Opened(browser, folder / "hostile.html") as opened:
        assert opened.page.locator("script").count() == 1
        assert opened.page.locator("img, iframe, object, embed").count() == 0
        assert example.HOSTILE in opened.page.locator("#methods").inner_text()
        opened.page.evaluate("document.querySelectorAll('button').forEach((button) => button.click())")
        assert opened.page.locator("th[aria-sort=ascending]").count() > 10
        assert opened.is_silent()


WORK_MODES = "#figure-1 table"


def numbers_in(cells: list[str]) -> list[float]:
    return [float(text.rstrip("%")) for text in cells if text != "suppressed"]


def test_a_table_sorts_by_click_and_by_key_and_goes_back(whole):
    page = whole.page
    first = whole.column(WORK_MODES, 0)
    head = page.locator(f"{WORK_MODES} thead tr:last-child th").nth(1)
    head.locator("button").click()
    shares = whole.column(WORK_MODES, 1)
    assert head.get_attribute("aria-sort") == "ascending"
    assert numbers_in(shares) == sorted(numbers_in(shares))
    assert shares[0] != shares[-1] == "suppressed"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    falling = whole.column(WORK_MODES, 1)
    assert numbers_in(falling) == sorted(numbers_in(shares), reverse=True)
    assert falling[-1] == "suppressed"
    assert page.locator("#said").inner_text() == "Sorted by Share, descending"
    head.locator("button").press("Space")
    assert head.get_attribute("aria-sort") == "none"
    assert whole.column(WORK_MODES, 0) == first
    assert whole.is_silent()


def test_months_sort_by_time(whole):
    table = "#figure-4 table:has(caption span:text-is('Share of each month’s sessions by work mode'))"
    head = whole.page.locator(f"{table} thead tr:last-child th button").first
    head.click()
    assert (whole.column(table, 0)[0], whole.column(table, 0)[-1]) == ("March 2026", "April 2026")
    head.click()
    assert (whole.column(table, 0)[0], whole.column(table, 0)[-1]) == ("April 2026", "March 2026")


def test_parts_of_a_table_sort_within_themselves(whole):
    table = "#figure-5 table"
    before = whole.column(table, 0)
    whole.page.locator(f"{table} thead tr:last-child th button").nth(1).click()
    after = whole.column(table, 0)
    starts = [at for at, text in enumerate(before) if "rates" in text]
    assert [after[at] for at in starts] == [before[at] for at in starts]
    for start, end in zip(starts, [*starts[1:], len(before)], strict=True):
        assert sorted(after[start:end]) == sorted(before[start:end])
        assert after[start:end] != before[start:end]


def saved(opened: Opened, button: Any, folder: Path) -> tuple[str, list[list[str]]]:
    with opened.page.expect_download() as waiting:
        button.click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target.name, list(csv.reader(io.StringIO(target.read_text(encoding="utf-8-sig"))))


def test_a_table_is_saved_as_it_stands_with_headings_that_name_whose_numbers_they_are(whole, tmp_path):
    name, rows = saved(whole, whole.page.locator("#figure-1 button.save"), tmp_path)
    assert name == "2026-04-share-of-sessions-by-work-mode.csv"
    assert rows[0] == [
        "Work mode",
        "Ours: Share",
        "Ours: 95% interval",
        "Cell: Sessions",
        "Cell: Users",
        "Study: Share",
    ]
    assert rows[1][:2] == ["fix", "26.0%"]
    assert len(rows) == 10
    _, flow = saved(whole, whole.page.locator("#flow button.save"), tmp_path)
    assert flow[0][:2] == ["Part", "Rule"]
    assert ["Sessions", "headless"] in [row[:2] for row in flow]
    removed = next(row for row in flow if row[1] == "headless")[-1]
    assert int(removed.replace(",", "")) < 0
    assert whole.is_silent()


def test_a_cell_that_a_spreadsheet_would_run_is_saved_as_text(browser, tmp_path):
    formula = '=HYPERLINK("x")'
    inputs = example.inputs(example.MONTHS[-1:])
    frames = {"attrition": inputs.frames["attrition"].with_columns(pl.col("rule").replace("headless", formula))}
    path = tmp_path / "formula.html"
    path.write_text(build_page(replace(inputs, frames=frames)), encoding="utf-8")
    with Opened(browser, path) as opened:
        opened.unfold()
        _, rows = saved(opened, opened.page.locator("#flow button.save"), tmp_path)
    assert f"'{formula}" in [row[1] for row in rows]
    assert not [cell for row in rows for cell in row if re.match(r"[=@]", cell)]


def test_the_page_reads_the_same_without_scripts(browser, folder):
    with Opened(browser, folder / "whole.html", scripts=False) as plain:
        assert plain.page.locator("button").count() == 0
        assert plain.page.locator("#figure-1 .picture").is_visible()
        assert "+3.9 points" in plain.page.locator("#headlines").inner_text()


def test_the_page_prints_with_every_folded_table(browser, folder):
    with Opened(browser, folder / "whole.html") as opened:
        opened.page.emulate_media(media="print")
        assert not opened.page.locator("button.save").first.is_visible()
        printed = opened.page.pdf(format="A4")
        assert printed.startswith(b"%PDF")
        pages = len(re.findall(rb"/Type\s*/Page\b", printed))
        assert 5 <= pages <= 60


@pytest.mark.parametrize("width", [1440, 390])
def test_the_index_lists_every_report_newest_first_and_links_to_it(browser, folder, width):
    with Opened(browser, folder / "index.html", width) as opened:
        page = opened.page
        assert page.locator("tbody a").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))") == [
            "report-2026-04.html",
            "report-2026-03.html",
        ]
        words = page.locator("tbody tr").first.inner_text()
        assert all(text in words for text in ("March 2026 to April 2026", "702", "120", "26.0%", "+3.9 points"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        assert opened.is_silent()
