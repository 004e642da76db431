"""Plain sentences made from the numbers of an exhibit.

Rule of the house: a difference is claimed only where two 95% intervals do not overlap, or where the interval of the
difference excludes zero. Everything else is said to be open. Exhibits in, text out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sessions_pipeline.report import numbers
from sessions_pipeline.report.exhibits import (
    LEVEL_NAMES,
    Cell,
    Coefficient,
    EffortCell,
    FacetAgreement,
    Panel,
    Step,
    preferred,
    rule_name,
)

if TYPE_CHECKING:
    from sessions_pipeline.report.inputs import MadeUp

Write = Callable[[float | None], str]


def made_up(what: MadeUp) -> str:
    """What of the data was never observed."""
    if what == "sessions":
        return (
            "These sessions were drawn at random with planted coefficients, calibrated to what the study printed. No "
            "log stands behind them, and no judge has read them."
        )
    return "Logs that the demo wrote are among the sources. Numbers that hold them say nothing about real sessions."


def judged_by(backend: str, made_up: MadeUp | None = None) -> str:
    """Who gave the labels, in words that nobody can take for the study's judge."""
    if made_up == "sessions":
        return "drawn at random with the sessions, by no judge"
    if backend == "claude":
        return "by the claude backend, a language-model judge with this project’s own prompts"
    embedded = "embedded " if backend == "rules" else ""
    return f"by the {embedded}{backend} backend, not by the study’s language-model judge"


def interval(cell: Cell, write: Write) -> str:
    """The written interval of a cell: 24.1% to 31.0%; for points +1.5 to +6.3 points."""
    if write is numbers.points:
        return numbers.points_interval(cell.low, cell.high)
    return numbers.interval(write(cell.low), write(cell.high))


def with_interval(cell: Cell, write: Write) -> str:
    """27.5% (95% interval 24.1% to 31.0%); without an interval the number alone."""
    if not cell.has_interval:
        return write(cell.estimate)
    return f"{write(cell.estimate)} (95% interval {interval(cell, write)})"


def beside_study(cell: Cell) -> str:
    """Where the study's figure lies: inside, above or below our interval; empty where one of them is missing."""
    side = _side_of_study(cell)
    if side is None:
        return ""
    where = {-1: "lies below", 0: "lies inside", 1: "lies above"}[side]
    edge = side == 0 and not cell.low <= cell.published.value <= cell.high  # type: ignore[operator,union-attr]
    where = "is, within its rounding, inside" if edge else where
    return f"The study’s {numbers.printed(cell.published)} {where} this interval."


def largest_share(cells: Mapping[str, Cell], kind: str) -> str:
    """Figure 1: which mode leads, if one does, and where the study's shares lie outside our intervals.

    cells: largest first. kind: what they are, "mode". A suppressed one may be the largest.
    """
    shown = {mode: cell for mode, cell in cells.items() if cell.shown}
    if not shown:
        return ""
    mode, first = next(iter(shown.items()))
    name = f"Of the {kind}s shown, {mode}" if len(shown) < len(cells) else capitalised(mode)
    if not first.has_interval:
        return f"{name} takes the largest share of these sessions, {numbers.share(first.estimate)}."
    rivals = [other for other, cell in shown.items() if other != mode and not first.above(cell)]
    opening = f"{name} has the largest share of sessions, {with_interval(first, numbers.share)}"
    if rivals:
        text = f"{opening}; its interval overlaps with {joined(rivals)}, so the order of these is not certain."
    else:
        text = f"{opening}, above every other {kind} shown."
    return f"{text} {_outside(shown, kind)}".strip()


def effort(levels: Mapping[int, EffortCell], measure: str) -> str:
    """Figure 3, one measure: lowest against highest level with an interval."""
    return _contrast(f"the geometric mean of {measure}", levels, numbers.effort)


def effort_slopes(slopes: Mapping[str, Cell]) -> str:
    """Figure 3's regressions: change of effort per level, with controls. slopes: measure in words → cell."""
    said = []
    for measure, cell in slopes.items():
        if cell.has_interval:
            claim = "goes with" if _sign(cell) else "goes with a change that cannot be told from zero:"
            change = with_interval(cell, numbers.change)
            said.append(f"With controls, one more level {claim} {change} {measure}. {beside_study(cell)}")
    return " ".join(text.strip() for text in said)


def software_gap(gap: Cell, per_month: Cell) -> str:
    """Figure 6 by month: the gap between software and other professions, months taken out, and whether it moves."""
    if not gap.has_interval:
        return ""
    where = "sessions that wrote code, within months"
    told = with_interval(gap, numbers.points)
    if _sign(gap):
        side = "higher" if _sign(gap) > 0 else "lower"
        text = f"Verified success is {side} among software users than in other professions by {told} ({where})."
    else:
        text = f"Between software users and other professions the gap is {told} ({where}): it cannot be told from zero."
    if not per_month.has_interval:
        return text
    moves = f"it changes by {with_interval(per_month, numbers.points)} a month"
    clear = "" if _sign(per_month) else ", which cannot be told from no change"
    return f"{text} Over the months {moves}{clear}. The study calls its gap of about five points stable."


def mode_trends(
    series: Mapping[str, Mapping[dt.date, Cell]],
    changes: Mapping[str, Mapping[dt.date, Cell]],
    axis: Sequence[dt.date],
) -> str:
    """Figure 4, shares: modes that rose or fell from the first to the last month beyond the interval of the change.

    axis: the months compared, as `exhibits.compared_months` has them. A mode without a share at both ends is left out.
    """
    if len(axis) < 2:
        return "There is one month only, so no trend can be read."
    first, last = axis[0], axis[-1]
    ends = {mode: (cells[first], cells[last]) for mode, cells in series.items() if {first, last} <= cells.keys()}
    moved = {
        mode: cells[last]
        for mode, cells in changes.items()
        if mode in ends and last in cells and cells[last].has_interval
    }
    period = f"from {numbers.month_name(first)} to {numbers.month_name(last)}"
    if not moved:
        return f"No work mode has an interval of its change: none is claimed {period}."
    pairs = {mode: ends[mode] for mode in ends if mode in moved}
    rose, fell = ([mode for mode in pairs if _sign(moved[mode]) == sign] for sign in (1, -1))
    open_ = len(moved) - len(rose) - len(fell)
    claims = [_moved(word, modes, pairs) for word, modes in (("rose", rose), ("fell", fell)) if modes]
    if not claims:
        return (
            f"No change can be claimed {period}: in all {numbers.plural(len(moved), 'mode')} that can be compared, the "
            "interval of the change spans zero."
        )
    text = f"{capitalised(period)} {' and '.join(claims)}, beyond the interval of the change."
    if open_:
        text += f" For {numbers.plural(open_, 'other mode')} that interval spans zero, so no change can be claimed."
    return text


def value_changes(changes: Mapping[str, Mapping[dt.date, Cell]], axis: Sequence[dt.date]) -> str:
    """Figure 4, task value: change over all sessions, and the modes whose change excludes zero."""
    if len(axis) < 2:
        return ""
    last = {mode: cells[axis[-1]] for mode, cells in changes.items() if axis[-1] in cells}
    whole = last.get("all", Cell())
    sentences = [] if not whole.shown else [_value_change("The mean task value of all sessions", whole, axis[0])]
    clear = [mode for mode, cell in last.items() if mode != "all" and _sign(cell)]
    compared = sum(cell.has_interval for mode, cell in last.items() if mode != "all")
    if compared:
        claims = [f"{mode} {with_interval(last[mode], numbers.change)}" for mode in clear]
        sentences.append(
            f"By mode, the change excludes zero for {joined(claims)}."
            if claims
            else f"By mode, the interval of the change spans zero in all of the {compared} that can be compared."
        )
    return " ".join(sentences)


def value_parts(parts: Mapping[str, Mapping[str, Cell]]) -> str:
    """The change of task value taken apart: the same work worth more, or more of what is worth more."""
    cells = parts.get("all", {})
    within, between = cells.get("within", Cell()), cells.get("between", Cell())
    if not (within.shown and between.shown):
        return ""
    text = (
        f"Of the change over the window, {with_interval(within, numbers.change)} comes from within the modes (what the "
        f"same work is worth) and {with_interval(between, numbers.change)} from the mix of modes"
    )
    open_ = [name for name, cell in (("the first", within), ("the second", between)) if not _sign(cell)]
    return f"{text}; {joined(open_)} cannot be told from zero." if open_ else f"{text}."


def specification_curve(estimates: Sequence[Cell]) -> str:
    """All choices of sample, controls, months and rules together. estimates: lowest first."""
    if len(estimates) < 2:
        return ""
    above = sum(_sign(cell) > 0 for cell in estimates)
    below = sum(_sign(cell) < 0 for cell in estimates)
    ends = numbers.points_interval(estimates[0].estimate, estimates[-1].estimate)
    return (
        f"Over {numbers.count(len(estimates))} choices of months, rules, sample and controls the coefficient runs from "
        f"{ends}; its interval lies above zero in {numbers.count(above)} of them and below in {numbers.count(below)}."
    )


def outcomes(panels: Sequence[Panel]) -> str:
    """Figure 5: verified success at the lowest and highest level, over all and over hit-trouble sessions."""
    return " ".join(filter(None, (_panel_contrast(panel) for panel in panels if "verified_success" in panel.measures)))


def slope(rows: Sequence[Coefficient]) -> str:
    """Table A1: the study's preferred column, or the nearest one before it that could be estimated."""
    row = preferred(rows)
    if row is None:
        reasons = list(dict.fromkeys(row.cell.reason for row in rows if row.cell.reason))
        return f"No column could be estimated{': ' + '; '.join(reasons) if reasons else ''}."
    estimate = f"In column {row.column}, one more level of expertise goes with {_with_points(row.cell)}"
    text = f"{estimate}." if _sign(row.cell) else f"{estimate}: this cannot be told from zero."
    return f"{text} {beside_study(row.cell)}".strip()


def truncation(levels: Mapping[int, Cell], modes: Mapping[str, Cell]) -> str:
    """Cut transcripts: lowest against highest level, the modes at the ends, and what follows for a reader."""
    shown = {mode: cell for mode, cell in modes.items() if cell.shown}
    every = [cell for cell in (*levels.values(), *modes.values()) if cell.shown]
    if not every:
        return ""
    if not any(cell.estimate for cell in every):
        return "No transcript was cut in any group that is shown."
    said = [_contrast("the share of cut transcripts", levels, numbers.share)]
    if len(shown) > 1:
        most, least = next(iter(shown)), list(shown)[-1]
        said.append(
            f"By mode it runs from {numbers.share(shown[least].estimate)} ({least}) to "
            f"{numbers.share(shown[most].estimate)} ({most})."
        )
    said.append(
        "Of a cut transcript the judge saw the head and the tail alone, so labels rest on less where cuts are more "
        "frequent, and a difference between groups may come from what was not seen."
    )
    return " ".join(said)


def steps(rows: Mapping[int, Coefficient]) -> str:
    """Table A2: which levels differ from novices."""
    fitted = {level: row.cell for level, row in rows.items() if row.cell.has_interval}
    if not fitted:
        reasons = list(dict.fromkeys(row.cell.reason for row in rows.values() if row.cell.reason))
        why = f": {'; '.join(reasons)}" if reasons else ""
        return f"No difference from novices can be shown{why}."
    named = {level: f"level {level} ({numbers.points(cell.estimate)})" for level, cell in fitted.items()}
    said = []
    for sign, claim in (
        (1, "Verified success is higher than among novices at {}, beyond the 95% interval."),
        (-1, "Verified success is lower than among novices at {}, beyond the 95% interval."),
        (0, "No difference from novices can be claimed at {}."),
    ):
        levels = [named[level] for level, cell in fitted.items() if _sign(cell) == sign]
        said += [claim.format(joined(levels))] if levels else []
    return " ".join(said)


def controls(columns: Sequence[int]) -> str:
    """What rates were adjusted with: columns of Table A1."""
    if not columns:
        return ""
    if tuple(columns) == (1,):
        return "The data carry no controls, so adjusted and raw rates are the same."
    names = joined([str(column) for column in columns])
    return f"Adjusted with the controls of column{'s' if len(columns) > 1 else ''} {names} of Table A1."


def flow(steps: Sequence[Step], eligible: int) -> str:
    """The flow: found, analysed, what is left for the models of success, and the rule that removed most sessions."""
    sessions = [step for step in steps if step.unit == "session"]
    if not sessions and eligible:
        return "No log stands behind these sessions: there is no line and no file to account for."
    if not sessions:
        return "Nothing was found in this window."
    text = f"Of {numbers.plural(sessions[0].remaining, 'session')} found, {numbers.count(eligible)} are analysed"
    if sessions[-1].remaining != eligible:
        text += f" and {numbers.count(sessions[-1].remaining)} are left for the models of success"
    most = max(sessions[1:], key=lambda step: step.removed, default=None)
    if most is None or most.removed <= 0:
        return f"{text}."
    return f"{text}. The rule that removed most sessions is “{rule_name(most)}” ({numbers.count(most.removed)})."


def joined(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def capitalised(text: str) -> str:
    """First letter upper case, the rest as it is (names of months keep theirs)."""
    return text[:1].upper() + text[1:]


def _side_of_study(cell: Cell) -> int | None:
    """−1 or +1 where all that the printed figure can stand for is below or above our interval, else 0."""
    if cell.published is None or not cell.has_interval:
        return None
    rounding = 0.5 * 10.0**-cell.published.decimals
    if cell.published.value + rounding < cell.low:  # type: ignore[operator]
        return -1
    return int(cell.published.value - rounding > cell.high)  # type: ignore[operator]


def _outside(shown: Mapping[str, Cell], kind: str) -> str:
    comparable = [mode for mode, cell in shown.items() if cell.has_interval and cell.published]
    outside = [mode for mode in comparable if _side_of_study(shown[mode])]
    if not comparable:
        return ""
    if not outside:
        return f"The study’s rounded shares agree with our intervals for all {len(comparable)} {kind}s shown."
    counted = f"{len(outside)} of {len(comparable)} shown"
    return f"The study’s share lies outside our interval for {joined(outside)} ({counted})."


def _with_points(cell: Cell) -> str:
    ends = numbers.points_interval(cell.low, cell.high)
    return f"{numbers.points(cell.estimate)} of verified success (95% interval {ends})"


def _sign(cell: Cell) -> int:
    """+1 or −1 where the interval excludes zero, else 0."""
    if not cell.has_interval:
        return 0
    return 1 if cell.low > 0 else -1 if cell.high < 0 else 0  # type: ignore[operator]


def _contrast(what: str, levels: Mapping[int, Cell], write: Write) -> str:
    """Lowest against highest level: those with an interval if there are two, else those with a number."""
    with_intervals = [level for level, cell in levels.items() if cell.has_interval]
    shown = [level for level, cell in levels.items() if cell.shown]
    compared = with_intervals if len(with_intervals) > 1 else shown
    if len(compared) < 2:
        return f"No two levels can be compared in {what}."
    names = {level: f"level {level} ({LEVEL_NAMES[level]})" for level in compared}
    return contrast(
        what, names[min(compared)], levels[min(compared)], names[max(compared)], levels[max(compared)], write
    )


def contrast(what: str, at_low: str, low: Cell, at_high: str, high: Cell, write: Write, where: str = "at") -> str:
    """Two groups against each other: higher or lower only beyond both intervals.

    at_low, at_high: names of the groups; where: the word before them.
    """
    written_low, written_high = with_interval(low, write), with_interval(high, write)
    sides = f"{where} {at_high} than {where} {at_low}: {written_high} against {written_low}"
    if high.above(low):
        return f"{capitalised(what)} is higher {sides}."
    if low.above(high):
        return f"{capitalised(what)} is lower {sides}."
    why = "the intervals overlap" if low.has_interval and high.has_interval else "there are no intervals"
    both = f"{written_high} {where} {at_high} and {written_low} {where} {at_low}"
    return f"{capitalised(what)} is {both}; {why}, so no difference is claimed."


def _moved(word: str, modes: Sequence[str], pairs: Mapping[str, tuple[Cell, Cell]]) -> str:
    moves = [
        f"{mode} ({numbers.share(pairs[mode][0].estimate)} to {numbers.share(pairs[mode][1].estimate)})"
        for mode in modes
    ]
    return f"the share of {joined(moves)} {word}"


def _value_change(what: str, cell: Cell, first: dt.date) -> str:
    since = f"since {numbers.month_name(first)}"
    sign = _sign(cell)
    if sign:
        verb = "rose" if sign > 0 else "fell"
        return f"{what} {verb} {since}: {with_interval(cell, numbers.change)}. {beside_study(cell)}".strip()
    change = with_interval(cell, numbers.change)
    why = "the interval spans zero" if cell.has_interval else "there is no interval"
    return f"{what} is {change} {since}; {why}, so neither direction is claimed. {beside_study(cell)}".strip()


def _panel_contrast(panel: Panel) -> str:
    where = "over all sessions" if panel.sample == "all" else "over sessions that hit trouble"
    levels = {level: cell for (measure, level), cell in panel.cells.items() if measure == "verified_success"}
    kind = "adjusted" if panel.adjusted else "raw"
    return _contrast(f"the {kind} rate of verified success {where}", levels, numbers.share)


def agreement(rater: str, facets: Mapping[str, FacetAgreement]) -> str:
    """How often the labels are those of the reference, and where that is more than its commonest label would get."""
    exact = {name: facet.cells["exact"] for name, facet in facets.items() if "exact" in facet.cells}
    shown = {name: cell.estimate for name, cell in exact.items() if cell.estimate is not None}
    if not shown:
        return ""
    worst, best = min(shown, key=shown.__getitem__), max(shown, key=shown.__getitem__)
    text = (
        f"The labels of the {rater} backend are those of the reference in {numbers.share(shown[worst])} of the "
        f"sessions ({worst.replace('_', ' ')}) to {numbers.share(shown[best])} ({best.replace('_', ' ')})"
    )
    if not any(cell.has_interval for cell in exact.values()):
        return f"{text}."
    above = sum(facet.beats_majority for facet in facets.values())
    return (
        f"{text}; on {above} of {len(shown)} facets the interval lies above what always giving the reference’s most "
        "frequent label would get."
    )
