import itertools
import re
import xml.etree.ElementTree as ET
import zlib

import polars as pl
import pytest

from sessions_pipeline.report import decisions, figures, occupations
from sessions_pipeline.report.drawings import theme
from sessions_pipeline.report.drawings.marks import log_axis, spread, step_for
from sessions_pipeline.report.drawings.modes import STACK_ORDER
from sessions_pipeline_tests.report import example

INPUTS = example.inputs()
SVG = "{http://www.w3.org/2000/svg}"


def all_figures(inputs):
    frames = inputs.frames
    return [
        figures.work_modes(frames["work_mode_shares"], inputs.month),
        figures.effort(frames["effort_by_expertise"], inputs.month),
        figures.monthly_mix(frames["work_mode_shares"], inputs.months),
        figures.mode_trends(frames["work_mode_shares"], inputs.months),
        figures.value_changes(frames["task_value"], frames["monthly_changes"], inputs.month, inputs.months),
        figures.outcomes(frames["adjusted_rates"], frames["outcomes_by_expertise"], inputs.month),
        figures.returns(frames["coefficients"], inputs.month),
        figures.flow(frames["attrition"], inputs.months),
    ]


@pytest.fixture(scope="module")
def drawn():
    return {figure.name: figure for figure in all_figures(INPUTS)}


def drawn_marks(svg: str, kind: str) -> list[ET.Element]:
    """Marks of one kind (rect, symbol, text, rule) that stand for data, not for axes."""
    groups = [
        group for group in ET.fromstring(svg).iter(f"{SVG}g") if f"mark-{kind} role-mark" in group.get("class", "")
    ]
    return [mark for group in groups for mark in group]


def filled(marks: list[ET.Element], role: str) -> list[ET.Element]:
    return [mark for mark in marks if mark.get("fill") == theme.LIGHT[role]]


def width_of(bar: ET.Element) -> float:
    return float(re.match(r"M[\d.,-]+h([\d.]+)v", bar.get("d")).group(1))


def test_figure_1_has_a_bar_an_interval_and_a_diamond_for_each_mode_and_the_bars_are_as_long_as_the_shares(drawn):
    rows = INPUTS.frames["work_mode_shares"].filter(pl.col("period") == "window").sort("estimate", descending=True)
    shown = rows.drop_nulls("estimate")
    assert 0 < shown.height < 9
    svg = drawn["figure-1"].svg()
    bars = filled(drawn_marks(svg, "rect"), "bar")
    assert len(bars) == shown.height
    assert len(drawn_marks(svg, "rule")) == shown.height
    heading = 1
    assert len(drawn_marks(svg, "symbol")) == 9 + heading
    widths = [width_of(bar) for bar in bars]
    assert widths == pytest.approx([share / shown["estimate"][0] * widths[0] for share in shown["estimate"]])
    assert [mark.text for mark in drawn_marks(svg, "text")].count("suppressed") == 9 - shown.height


def test_figure_3_has_two_half_boxes_a_dot_and_a_label_for_each_level_shown(drawn):
    shown = INPUTS.frames["effort_by_expertise"].filter(~pl.col("suppressed")).height
    svg = drawn["figure-3"].svg()
    boxes = drawn_marks(svg, "rect")
    assert len(filled(boxes, "box-low")) == len(filled(boxes, "box-high")) == shown
    assert len(filled(drawn_marks(svg, "symbol"), "accent")) == shown
    assert len(filled(drawn_marks(svg, "symbol"), "paper")) == 4  # the study's means of levels 1 and 5, twice
    assert len(filled(drawn_marks(svg, "symbol"), "axis")) == 2  # novices' whiskers end at zero


def test_figure_4_stacks_every_month_to_the_top(drawn):
    shares = INPUTS.frames["work_mode_shares"].filter(pl.col("period") == "month")
    svg = drawn["figure-4-mix"].svg()
    bars = drawn_marks(svg, "rect")
    segments = [bar for bar in bars if bar.get("fill") != theme.LIGHT["hollow"]]
    assert len(segments) == shares.filter(~pl.col("suppressed")).height
    assert len(bars) - len(segments) == shares.filter("suppressed")["month"].n_unique() == 7
    heights: dict[str, float] = {}
    for bar in bars:
        left, height = re.match(r"M([\d.]+),[\d.]+h[\d.]+v([\d.]+)", bar.get("d")).groups()
        heights[left] = heights.get(left, 0) + float(height)
    assert list(heights.values()) == pytest.approx([360.0] * 7)


def test_trends_have_one_dot_for_each_month_and_mode_and_a_cross_for_each_that_is_suppressed(drawn):
    monthly = INPUTS.frames["work_mode_shares"].filter(pl.col("period") == "month")
    svg = drawn["figure-4-trends"].svg()
    assert len(filled(drawn_marks(svg, "symbol"), "accent")) == monthly.filter(~pl.col("suppressed")).height
    panels = monthly.filter((~pl.col("suppressed")).any().over("work_mode"))
    crosses = [mark for mark in drawn_marks(svg, "text") if mark.text == "×"]
    assert len(crosses) == panels.filter("suppressed").height > 0
    left_out = set(monthly["work_mode"]) - set(panels["work_mode"])
    assert left_out
    assert all(mode in "".join(ET.fromstring(svg).itertext()) for mode in left_out)


def test_figure_5_has_a_filled_marker_for_each_rate_and_a_hollow_one_for_each_of_the_study_s(drawn):
    rates = INPUTS.frames["adjusted_rates"]
    shown = rates.filter(
        ~pl.col("suppressed"), (pl.col("sample") == "hit_trouble") | ~pl.col("measure").str.contains("fail|abandon")
    )
    svg = drawn["figure-5"].svg()
    symbols = drawn_marks(svg, "symbol")
    ours = [mark for role in ("series-1", "series-2", "series-3") for mark in filled(symbols, role)]
    assert len(ours) == shown.height
    assert len(filled(symbols, "paper")) == 18
    hidden = [mark for mark in drawn_marks(svg, "text") if mark.text == "×"]
    assert len(hidden) == 45 - shown.height > 0


def test_table_a1_has_ours_and_the_study_s_for_each_column(drawn):
    symbols = drawn_marks(drawn["table-a1"].svg(), "symbol")
    heading = 1
    assert len(filled(symbols, "accent")) == 6
    assert len(filled(symbols, "paper")) == 6 + heading


def shown(name: str) -> int:
    return INPUTS.frames[name].drop_nulls("estimate").height


def test_figure_2_has_a_bar_from_zero_for_each_bin_shown_and_a_cross_for_each_that_is_suppressed():
    svg = decisions.figure_2(INPUTS).pictures[0].figure.svg()
    bars = filled(drawn_marks(svg, "rect"), "bar")
    assert 0 < len(bars) == shown("decision_shares") < 20
    bottoms = {bar.get("d").split("v")[0].split(",")[1].split("h")[0] for bar in bars}
    tops_and_heights = [re.match(r"M[\d.]+,([\d.]+)h[\d.]+v([\d.]+)", bar.get("d")).groups() for bar in bars]
    assert len(bottoms) > 1
    assert {round(float(top) + float(height), 3) for top, height in tops_and_heights} == {250.0}
    crosses = [mark for mark in drawn_marks(svg, "text") if mark.text == "×"]
    assert len(crosses) == 20 - len(bars)


def test_figure_6_has_a_filled_marker_for_each_rate_and_a_hollow_one_for_each_of_the_study_s():
    symbols = drawn_marks(occupations.figure_6(INPUTS).pictures[0].figure.svg(), "symbol")
    legend = 3
    ours = [mark for role in ("series-1", "series-2", "series-3") for mark in filled(symbols, role)]
    assert len(ours) == shown("success_by_occupation") + legend
    assert len(filled(symbols, "paper")) == 3 * len(example.OCCUPATIONS)


def test_figure_a2_has_a_dot_for_each_band_kind_and_measure_shown():
    symbols = drawn_marks(decisions.figure_a2(INPUTS).pictures[0].figure.svg(), "symbol")
    ours = [mark for role in ("series-1", "series-2", "series-3") for mark in filled(symbols, role)]
    assert len(ours) == shown("effort_by_decision_share")


def test_the_flow_names_each_rule_that_removed_something_with_its_count(drawn):
    texts = [mark.text for mark in drawn_marks(drawn["flow"].svg(), "text")]
    removed = INPUTS.frames["attrition"].group_by("unit", "rule").agg(pl.col("removed").sum())
    for unit, rule, count in removed.iter_rows():
        if rule != "found":
            assert (rule.replace("_", " ") in texts) == (count != 0), (unit, rule)
    assert "−98" in texts
    assert "+84" in texts
    assert texts.count("files left") == 1


def test_pictures_for_dagster_are_small_pngs(drawn):
    for figure in drawn.values():
        png = figure.png()
        assert png.startswith(b"\x89PNG")
        assert len(png) < 60_000


def test_a_month_without_sessions_stays_on_the_axis_as_a_gap():
    months = example.MONTHS[:3] + example.MONTHS[5:]
    shares = example.work_mode_shares(months, 702, 120)
    texts = "".join(ET.fromstring(figures.monthly_mix(shares, months).svg()).itertext())
    assert "Jan ’26" in texts
    svg = figures.mode_trends(shares, months).svg()
    line = next(mark for mark in drawn_marks(svg, "line"))
    assert line.get("d").count("M") == 2


def test_repacking_a_png_keeps_every_pixel(drawn):
    import vl_convert

    def pixels(png: bytes) -> bytes:
        data, start = b"", 8
        while start < len(png):
            length = int.from_bytes(png[start : start + 4])
            if png[start + 4 : start + 8] == b"IDAT":
                data += png[start + 8 : start + 8 + length]
            start += length + 12
        return zlib.decompress(data)

    plain = vl_convert.vegalite_to_png({**drawn["figure-1"].wide, "background": "white"})
    packed = drawn["figure-1"].png()
    assert pixels(packed) == pixels(plain)
    assert packed[:33] == plain[:33]


def test_pictures_in_the_page_take_their_colours_from_the_theme_and_have_ids_of_their_own(drawn):
    ids: list[str] = []
    for figure in drawn.values():
        for svg in figure.inline_svgs():
            assert not re.search(r'(?:fill|stroke)="(?!none|var\(--|transparent)', svg)
            ids += re.findall(r' id="([^"]+)"', svg)
            assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)
    assert len(ids) == len(set(ids)) > 0


def test_markup_in_a_rule_s_name_is_drawn_as_text_and_left_as_it_is():
    name = 'x" role="y" fill="#1b1e25"><script>alert(1)</script>'
    frame = INPUTS.frames["attrition"].with_columns(rule=pl.col("rule").replace("headless", name))
    for svg in figures.flow(frame, INPUTS.months).inline_svgs():
        assert "<script" not in svg
        words = " ".join("".join(ET.fromstring(svg).itertext()).split())
        assert "alert(1)</script>" in words
        assert 'fill="#1b1e25">' in words


def test_a_figure_without_data_says_so_in_words():
    empty = example.empty_inputs()
    for figure in all_figures(empty):
        assert figure.wide is None
        assert figure.inline_svgs() == ("", "")
        assert figure.summary.endswith(".")
        assert figure.png().startswith(b"\x89PNG")
    reason = "one user: standard errors cannot be clustered"
    returns = figures.returns(example.missing_coefficients(example.MONTHS, reason), example.MONTHS[-1])
    assert returns.summary == f"No column of Table A1 could be estimated: {reason}."


def test_a_table_of_suppressed_cells_alone_is_said_to_be_suppressed():
    hidden = example.work_mode_shares(example.MONTHS, 702, 120, threshold=10_000)
    assert hidden["suppressed"].all()
    figure = figures.work_modes(hidden, INPUTS.month)
    assert figure.wide is None
    assert "suppressed" in figure.summary


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, after WCAG 2.2."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_and_neighbours_in_the_stack_differ_in_grey(dark):
    colours = {role: pair[dark] for role, pair in theme.ROLES.items()}
    for role in ("ink", "muted", "published", "series-1", "series-2", "series-3"):
        assert contrast(colours[role], colours["paper"]) >= 4.5, role
    for mode in STACK_ORDER:
        ink = "on-dark" if mode in ("fix", "operate", "understand", "orchestrate", "test") else "on-light"
        assert contrast(colours[ink], colours[mode]) >= 4.5, mode
    for below, above in itertools.pairwise(STACK_ORDER):
        assert contrast(colours[below], colours[above]) >= 1.5, (below, above)


def test_every_role_has_a_light_colour_of_its_own():
    assert len(set(theme.LIGHT.values())) == len(theme.LIGHT)


def test_labels_are_moved_apart_but_stay_inside():
    places = spread([0.5, 0.51, 0.98, 0.99], gap=0.05, low=0.0, high=1.0)
    assert all(later - earlier >= 0.05 - 1e-9 for earlier, later in itertools.pairwise(places))
    assert max(places) <= 1.0
    assert spread([0.9, 0.1], gap=0.05, low=0, high=1) == [0.9, 0.1]


def test_a_logarithmic_axis_holds_all_positive_values_with_round_ticks():
    low, high, ticks = log_axis([0.0, 0.7, 40.0])
    assert low < 0.7 < 40 < high
    assert ticks == [1, 2, 5, 10, 20, 50]
    assert log_axis([1.0, 10_000.0])[2] == [1, 10, 100, 1000, 10_000]


@pytest.mark.parametrize(("low", "high", "step"), [(0, 0.37, 0.1), (-0.3, 0.9, 0.5), (0, 1, 0.25)])
def test_steps_are_round(low, high, step):
    assert step_for(low, high, most=4) == pytest.approx(step)


def test_a_mode_that_has_its_first_month_alone_is_named_and_not_drawn_as_a_trend():
    values = example.task_value(example.MONTHS, 3400, 620)
    later = (pl.col("work_mode") == "fix") & (pl.col("month") > example.MONTHS[0]) & (pl.col("period") == "month")
    numeric = [pl.when(later).then(None).otherwise(name).alias(name) for name in ("estimate", "ci_low", "ci_high")]
    hidden = values.with_columns(*numeric, suppressed=pl.col("suppressed") | later)
    changes = example.monthly_changes(example.work_mode_shares(example.MONTHS, 3400, 620), hidden)
    drawn = figures.value_changes(hidden, changes, example.MONTHS[-1], example.MONTHS)
    words = "".join(ET.fromstring(drawn.svg()).itertext())
    assert "too few users: fix" in words


def test_a_doubling_and_a_halving_of_task_value_lie_equally_far_from_no_change():
    months = example.MONTHS[:3]
    rows = [
        {**example.cell(month, "month", value, 1.0, 50, 20), "work_mode": "all"}
        for month, value in zip(months, (100.0, 200.0, 50.0), strict=True)
    ]
    values = example.frame("marts.task_value", rows)
    changes = example.monthly_changes(values.clear(), values)
    svg = figures.value_changes(values, changes, months[-1], months).svg()
    heights = [
        float(re.search(r"translate\([\d.]+,([\d.]+)\)", mark.get("transform")).group(1))
        for mark in filled(drawn_marks(svg, "symbol"), "accent")
    ]
    assert heights[0] - heights[1] == pytest.approx(heights[2] - heights[0])
