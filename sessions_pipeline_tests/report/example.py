"""Plausible released tables for the report's tests, in every shape that a real run can have.

The numbers follow simple formulas with a seeded wobble; none of them is an estimate of anything.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import polars as pl

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.report.inputs import TABLES
from sessions_pipeline.report.page import ReportInputs
from sessions_pipeline.schemas import SAMPLES, polars_schema
from sessions_pipeline.schemas import TABLES as TABLE_MODELS

MONTHS = tuple(dt.date(2025 + (9 + i) // 12, (9 + i) % 12 + 1, 1) for i in range(7))
SHARES = {
    "fix": (0.33, 0.19),
    "build": (0.27, 0.22),
    "operate": (0.14, 0.21),
    "communicate": (0.07, 0.13),
    "understand": (0.08, 0.06),
    "plan": (0.06, 0.07),
    "orchestrate": (0.02, 0.04),
    "analyze": (0.02, 0.05),
    "test": (0.01, 0.03),
}
RATES = {
    "at_least_partial": (0.77, 0.91),
    "judged_success": (0.39, 0.65),
    "verified_success": (0.15, 0.33),
    "judged_failure": (0.40, 0.20),
    "verified_failure": (0.30, 0.18),
    "abandoned": (0.19, 0.07),
}
HOSTILE = """</title></style><script>alert("1")</script>'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;"""
LEVEL_SHARES = {1: 0.05, 2: 0.2, 3: 0.3, 4: 0.35, 5: 0.1}


def frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of `table`; columns that a row does not name are null."""
    columns = polars_schema(table)
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)


def cell(month: dt.date, period: str, estimate: float, half: float, sessions: int, users: int) -> dict[str, Any]:
    return {
        "month": month,
        "period": period,
        "sessions": sessions,
        "users": users,
        "estimate": estimate,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "suppressed": False,
    }


def suppress(row: dict[str, Any]) -> dict[str, Any]:
    """`row` as the warehouse releases a cell under the threshold."""
    gone = ("sessions", "users", "estimate", "ci_low", "ci_high", "place", "zero_sessions", "median_usd", "unadjusted")
    gone += ("std_error", "p05", "p25", "p50", "p75", "p95", "relative", "relative_ci_low", "relative_ci_high")
    return {**row, **dict.fromkeys(name for name in gone if name in row), "suppressed": True}


def work_mode_shares(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> pl.DataFrame:
    rows = []
    for period, month, size, people, at in _periods(months, sessions, users):
        for mode, (first, last) in SHARES.items():
            share = first + (last - first) * at
            half = 1.96 * math.sqrt(share * (1 - share) / size) * 1.3
            in_cell = min(people, round(share * people * 0.9))
            row = {
                **cell(month, period, share, half, round(share * size), in_cell),
                "ci_low": max(0.0, share - half),
                "work_mode": mode,
            }
            rows.append(suppress(row) if in_cell < threshold else row)
    return frame("marts.work_mode_shares", rows)


def task_value(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> pl.DataFrame:
    rows = []
    for period, month, size, people, at in _periods(months, sessions, users):
        for index, mode in enumerate(("all", *SHARES)):
            share = 1.0 if mode == "all" else SHARES[mode][0] + (SHARES[mode][1] - SHARES[mode][0]) * at
            mean = (420 + 90 * index) * (1 + (0.45 - 0.05 * index) * at)
            half = mean * 2.2 / math.sqrt(share * size)
            in_cell = min(people, round(share * people * 0.9))
            row = {
                **cell(month, period, mean, half, round(share * size), in_cell),
                "work_mode": mode,
                "median_usd": mean * 0.6,
            }
            rows.append(suppress(row) if in_cell < threshold else row)
    return frame("marts.task_value", rows)


def effort_by_expertise(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> pl.DataFrame:
    rows = []
    for measure, low, growth in (("actions_per_prompt", 5.2, 1.2), ("words_per_prompt", 540.0, 1.42)):
        for level, part in LEVEL_SHARES.items():
            mean = low * growth ** (level - 1)
            size, people = round(part * sessions), round(part * users)
            spread = 1.96 * 1.1 / math.sqrt(max(size, 1))
            row = {
                **cell(months[-1], "window", mean, 0.0, size, people),
                "ci_low": mean * math.exp(-spread),
                "ci_high": mean * math.exp(spread),
                "measure": measure,
                "expertise": level,
                "zero_sessions": round(size * 0.06),
                "p05": 0.0 if level == 1 else mean * 0.12,
                "p25": mean * 0.5,
                "p50": mean * 1.05,
                "p75": mean * 2.1,
                "p95": mean * 6.5,
            }
            rows.append(suppress(row) if people < threshold else row)
    return frame("marts.effort_by_expertise", rows)


def rates(
    months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(outcomes_by_expertise, adjusted_rates) over the window."""
    raw, adjusted = [], []
    wobble = random.Random(5)
    for sample in SAMPLES:
        for measure, (low, high) in RATES.items():
            for level, part in LEVEL_SHARES.items():
                size = round(part * sessions * (1.0 if sample == "all" else 0.3))
                people = round(part * users * (0.95 if sample == "all" else 0.4))
                at = math.sqrt((level - 1) / 4)
                rate = (low + (high - low) * at) * (1.0 if sample == "all" or "fail" in measure else 0.7)
                rate = min(0.98, max(0.02, rate + wobble.uniform(-0.02, 0.02)))
                error = 1.2 * math.sqrt(rate * (1 - rate) / max(size, 1))
                keys = {"sample": sample, "measure": measure, "expertise": level}
                row = {**cell(months[-1], "window", rate, 1.96 * error, size, people), **keys}
                series = {
                    "controls": "table_a1_5" if sample == "all" else "table_a1_3",
                    "n_candidates": sessions,
                    "n_sessions": round(0.9 * sessions),
                    "n_users": users,
                    "n_cells": 40,
                    "n_dropped_small_cells": sessions - round(0.9 * sessions),
                    "n_dropped_singletons": 0,
                    "n_cells_dropped": 12,
                    "n_parameters": 44,
                    "degrees_of_freedom": max(users - 1, 0),
                    "std_errors": "CRV1 by user",
                    "engine": "numpy",
                }
                raw.append(suppress(row) if people < threshold else row)
                shown = {**row, "unadjusted": rate - 0.006, "std_error": error}
                adjusted.append({**(suppress(row) if people < threshold else shown), **series})
    return frame("marts.outcomes_by_expertise", raw), frame("analysis.adjusted_rates", adjusted)


def coefficients(months: tuple[dt.date, ...], sessions: int, users: int) -> pl.DataFrame:
    rows = []
    for column, (slope, cells, r_squared) in enumerate(
        (
            (0.0431, 0, 0.011),
            (0.0498, 34, 0.071),
            (0.0452, 181, 0.12),
            (0.0447, 240, 0.15),
            (0.0391, 262, 0.19),
            (0.0352, 411, 0.25),
        ),
        start=1,
    ):
        small, alone = (0, 0) if column == 1 else (9 * column, 4 * column)
        rows.append(_fit(months, f"table_a1_{column}", "expertise", slope, 0.0121, cells, r_squared, sessions, users))
        rows[-1].update(n_dropped_small_cells=small, n_dropped_singletons=alone)
        rows[-1].update(n_candidates=rows[-1]["n_sessions"] + small + alone)
    for level, step in ((2, 0.061), (3, 0.129), (4, 0.143), (5, 0.181)):
        rows.append(_fit(months, "table_a2", f"expertise_{level}", step, 0.044, 262, 0.2, sessions, users))
    for name, term, slope in (
        ("table_a1_5_user_effects", "expertise", 0.034),
        ("table_a1_5_opening", "expertise_opening", 0.021),
        ("figure_3_actions", "expertise", math.log(1.11)),
        ("figure_3_words", "expertise", math.log(1.02)),
        ("software_gap", "software_user", 0.05),
        ("software_gap_trend", "software_user_per_month", 0.001),
        ("returns_trend", "expertise_per_month", -0.0012),
    ):
        rows.append(_fit(months, name, term, slope, 0.0121, 200, 0.2, sessions, users))
    return frame("analysis.coefficients", rows)


def truncation(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> pl.DataFrame:
    """Cut transcripts over the window: the more often, the higher the level."""
    groups = [("expertise", str(level), part, 0.1 * level) for level, part in LEVEL_SHARES.items()]
    groups += [("work_mode", mode, first, 0.4 - first) for mode, (first, _) in SHARES.items()]
    rows = []
    for breakdown, label, part, share in groups:
        size, people = round(part * sessions), round(part * users)
        half = 1.96 * math.sqrt(share * (1 - share) / max(size, 1))
        row = {**cell(months[-1], "window", share, half, size, people), "breakdown": breakdown, "label": label}
        rows.append(suppress(row) if people < threshold else row)
    return frame("marts.truncation_by_expertise_and_mode", rows)


CONTEXTS = {"modifies_existing": 0.45, "explores_existing": 0.2, "creates_new": 0.33, "no_codebase": 0.02}
OCCUPATIONS = {"15": 0.4, "11": 0.2, "13": 0.12, "17": 0.1, "19": 0.08, "27": 0.07, "41": 0.02, "23": 0.01}


def _cells(table: str, rows: list[tuple[dict[str, Any], float, float, float]], **whole: Any) -> pl.DataFrame:
    """A mart of the last month's window. rows: (keys, part of all sessions, estimate, half of its interval)."""
    made = []
    for keys, part, estimate, half in rows:
        users = round(part * whole["users"])
        row = {**cell(whole["month"], "window", estimate, half, round(part * whole["sessions"]), users), **keys}
        row |= {"ci_low": max(0.0, estimate - half)} if estimate >= 0 else {}
        made.append(suppress(row) if users < whole["threshold"] else row)
    return frame(table, made)


def who_decides(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> dict[str, pl.DataFrame]:
    """The marts on decisions: the agent plans little and executes most."""
    whole = {"month": months[-1], "sessions": sessions, "users": users, "threshold": threshold}
    spread = {"planning": (30, 20, 15, 10, 8, 6, 5, 3, 2, 1), "execution": (1, 2, 3, 5, 6, 8, 10, 15, 20, 30)}
    kinds = ("planning", "execution", "overall")
    bins = [
        ({"decisions": kind, "bin": at}, percent / 100, percent / 100, 0.03)
        for kind, parts in spread.items()
        for at, percent in enumerate(parts, start=1)
    ]
    bands = [
        ({"decisions": kind, "band": band, "measure": measure}, part, base * (1 + 0.2 * band), base * 0.15)
        for kind in kinds
        for measure, base in (("actions_per_prompt", 8.0), ("words_per_prompt", 900.0))
        for band, part in enumerate((0.35, 0.25, 0.2, 0.18, 0.02), start=1)
    ]
    means = [({"decisions": kind}, 0.9, mean, 0.02) for kind, mean in zip(kinds, (0.68, 0.22, 0.4), strict=True)]
    related = [
        ({"variable": variable}, 0.9, r, 0.06)
        for variable, r in (("expertise", 0.03), ("judged_success", 0.01), ("verified_success", -0.09))
    ]
    sides = [({"who_decides": "user_executes"}, 0.03, 8.6, 0.7), ({"who_decides": "agent_plans"}, 0.1, 15.1, 1.4)]
    return {
        "decision_shares": _cells("marts.decision_shares", bins, **whole),
        "mean_decision_shares": _cells("marts.mean_decision_shares", means, **whole),
        "decision_correlations": _cells("marts.decision_correlations", related, **whole),
        "effort_by_decision_share": _cells("marts.effort_by_decision_share", bands, **whole),
        "actions_by_who_decides": _cells("marts.actions_by_who_decides", sides, **whole),
    }


def breakdowns(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> dict[str, pl.DataFrame]:
    """The marts by codebase context, model, signal and occupation."""
    whole = {"month": months[-1], "sessions": sessions, "users": users, "threshold": threshold}
    successes = (("at_least_partial", 0.9), ("judged_success", 0.55), ("verified_success", 0.3))
    models = [
        ({"measure": measure, "model_tier": tier}, part, base * (1 + part), base * 0.1)
        for measure, base in (("actions_per_prompt", 6.0), ("words_per_prompt", 800.0))
        for tier, part in (("opus", 0.5), ("sonnet", 0.48), ("haiku", 0.02))
    ]
    signals = [
        (
            {"signal": signal, "strength": strength},
            part,
            0.1 + 0.15 * (strength if signal == "success" else 5 - strength),
            0.06,
        )
        for signal in ("success", "failure")
        for strength, part in enumerate((0.2, 0.02, 0.3, 0.2, 0.18, 0.1))
    ]
    placed = [
        ({"measure": measure, "user_occupation": code, "place": place}, part, rate - 0.01 * place, 0.07)
        for measure, rate in successes
        for place, (code, part) in enumerate(OCCUPATIONS.items(), start=1)
    ]
    pairs = [
        ({"user_occupation": user, "task_occupation": task}, part * other, part * other, part * other / 3)
        for user, part in {**OCCUPATIONS, "unclear": 0.3}.items()
        for task, other in OCCUPATIONS.items()
    ]
    gap = []
    for period, month, size, people, at in _periods(months, sessions, users):
        for measure, rate in successes:
            for profession, part, more in (("software", 0.6, 0.05), ("other", 0.4, 0.0)):
                keys = {"sample": "wrote_code", "measure": measure, "profession": profession}
                in_cell = round(part * people)
                row = {**cell(month, period, rate + more + 0.02 * at, 0.06, round(part * size), in_cell), **keys}
                gap.append(
                    suppress(row) if in_cell < threshold or ((profession, at) == ("other", 0.0) and threshold) else row
                )
    contexts = [({"codebase_context": name}, part, part, 0.03) for name, part in CONTEXTS.items()]
    return {
        "codebase_context_shares": _cells("marts.codebase_context_shares", contexts, **whole),
        "effort_by_model": _cells("marts.effort_by_model", models, **whole),
        "success_by_signal": _cells("marts.success_by_signal", signals, **whole),
        "success_by_occupation": _cells("marts.success_by_occupation", placed, **whole),
        "success_by_profession": frame("marts.success_by_profession", gap),
        "occupations_crossed": _cells("marts.occupations_crossed", pairs, **whole),
    }


def value_change(months: tuple[dt.date, ...], sessions: int, users: int, threshold: int = 5) -> pl.DataFrame:
    """Half of the change within modes, half between them; empty with one month, as the warehouse has it."""
    rows = []
    for mode, part in (
        {"all": 1.0, **{mode: share for mode, (share, _) in SHARES.items()}}.items() if months[1:] else ()
    ):
        for name, size in (("within", 0.14), ("between", 0.13), ("total", 0.27)):
            relative = part * size
            row = {
                "month": months[-1],
                "first_month": months[0],
                "last_month": months[-1],
                "work_mode": mode,
                "part": name,
                "sessions": round(part * sessions * 2 / len(months)),
                "users": round(part * users),
                "estimate": 400 * relative,
                "std_error": 20 * part,
                "std_errors": "linearised by user",
                "degrees_of_freedom": max(users - 1, 0),
                "n_left_out": 0,
                "ci_low": 400 * relative - 40 * part,
                "ci_high": 400 * relative + 40 * part,
                "relative": relative,
                "relative_ci_low": relative - 0.1 * part,
                "relative_ci_high": relative + 0.1 * part,
                "suppressed": False,
            }
            rows.append(suppress(row) if row["users"] < threshold else row)
    return frame("analysis.task_value_change", rows)


def monthly_changes(shares: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """What follows from the months of two marts, as if their users were others, and a slope for each mode."""
    rows: list[dict[str, Any]] = []
    for measure, months in (("work_mode_share", shares), ("task_value", values)):
        for (mode,), of_mode in months.filter(period="month").sort("month").group_by("work_mode", maintain_order=True):
            first, *later = of_mode.to_dicts()
            keys = {
                "month": months["month"].max(),
                "measure": measure,
                "work_mode": mode,
                "first_month": first["month"],
                "n_left_out": 0,
            }
            for row in later:
                compared = {**keys, "comparison": "since_first_month", "last_month": row["month"]}
                rows.append({**compared, **_moved(first, row, relative=measure == "task_value")})
            if later:
                step = {**rows[-1], "comparison": "per_month"}
                shown = not step["suppressed"]
                numbers = dict.fromkeys(("estimate", "std_error", "ci_low", "ci_high"))
                rows.append({**step, **({name: step[name] / len(later) for name in numbers} if shown else numbers)})
    return frame("analysis.monthly_changes", rows)


def _moved(first: dict[str, Any], later: dict[str, Any], *, relative: bool) -> dict[str, Any]:
    """Columns of a change with the widths of two independent months."""
    if first["suppressed"] or later["suppressed"]:
        return {"suppressed": True, "missing_reason": "withheld: as in the table of the months"}
    halves = [(row["ci_high"] - row["ci_low"]) / 2 / (row["estimate"] if relative else 1) for row in (first, later)]
    ratio, half = later["estimate"] / first["estimate"], math.hypot(*halves)
    change = ratio - 1 if relative else later["estimate"] - first["estimate"]
    ends = (ratio * math.exp(-half) - 1, ratio * math.exp(half) - 1) if relative else (change - half, change + half)
    users = first["users"] + later["users"]
    return {
        "sessions": first["sessions"] + later["sessions"],
        "users": users,
        "estimate": change,
        "std_error": half / 1.97 * (ratio if relative else 1),
        "std_errors": "linearised by user",
        "ci_low": ends[0],
        "ci_high": ends[1],
        "degrees_of_freedom": max(users - 1, 0),
        "suppressed": False,
    }


def label_error(month: dt.date) -> dict[str, pl.DataFrame]:
    """Without gold labels: every row says so, and how wrong the judge would have to be is known."""
    no_gold = "there are no gold labels: draw sessions, label them, and load the file"
    corrected = {
        "month": month,
        "period": "window",
        "quantity": "table_a1_5",
        "term": "expertise",
        "correction": "outcome_and_expertise",
        "naive": 0.0391,
        "naive_std_error": 0.0121,
        "n_sessions": 600,
        "n_users": 120,
        "n_drawn": 0,
        "suppressed": False,
        "missing_reason": no_gold,
    }
    turned = {
        "month": month,
        "period": "window",
        "specification": "table_a1_5",
        "error": "fewest_wrong_outcomes",
        "unit": "share of sessions with the wrong outcome",
        "estimate": 0.0391,
        "std_error": 0.0121,
        "ci_low": 0.0151,
        "ci_high": 0.0631,
        "std_errors": "CRV1 by user",
        "degrees_of_freedom": 119,
        "to_zero": 0.052,
        "to_insignificance": 0.019,
        "n_sessions": 600,
        "n_users": 120,
        "n_candidates": 650,
        "n_dropped_small_cells": 48,
        "n_dropped_singletons": 2,
        "engine": "numpy",
    }
    hidden = {**corrected, "quantity": "work_mode", "term": "test", "correction": "label", "suppressed": True}
    hidden |= dict.fromkeys(("naive", "naive_std_error", "n_sessions", "n_users"))
    return {
        "corrected_estimates": frame("analysis.corrected_estimates", [corrected, hidden]),
        "sign_sensitivity": frame("analysis.sign_sensitivity", [turned]),
    }


def published_comparison(month: dt.date) -> pl.DataFrame:
    """One figure inside the interval by its rounding alone, one outside, one suppressed, one that cannot be had."""
    rows = []
    for group, printed, ours, hidden, reason in (
        ("fix", 0.26, 0.252, False, None),
        ("build", 0.25, 0.31, False, None),
        ("test", 0.02, None, True, "withheld"),
        ("all", 0.38, None, False, "needs postings that were not released"),
    ):
        low, high = (None, None) if ours is None else (ours - 0.004, ours + 0.004)
        rows.append(
            {
                "month": month,
                "exhibit": "figure_1" if group != "all" else "task_value_holdout",
                "measure": "work_mode_share" if group != "all" else "log_r_squared",
                "group": group,
                "unit": "share" if group != "all" else "ratio",
                "published": printed,
                "published_rounding": 0.005,
                "estimate": ours,
                "std_error": None if ours is None else 0.002,
                "ci_low": low,
                "ci_high": high,
                "sessions": None if ours is None else 700,
                "users": None if ours is None else 120,
                "difference": None if ours is None else ours - printed,
                "z": None if ours is None else (ours - printed) / 0.002,
                "suppressed": hidden,
                "missing_reason": reason,
            }
        )
    return frame("analysis.published_comparison", rows)


def specification_curve(month: dt.date) -> pl.DataFrame:
    """Three choices: one clearly above zero, one open, one that could not be estimated."""
    rows = []
    for controls, estimate, half in (("table_a1_1", 0.05, 0.02), ("table_a1_5", 0.03, 0.05), ("table_a1_6", None, 0.0)):
        rows.append(
            {
                "month": month,
                "backend": "rules",
                "period": "window",
                "rule_set": "study",
                "sample": "all",
                "controls": controls,
                "in_force": controls == "table_a1_5",
                "n_unlabelled": 0,
                "estimate": estimate,
                "std_error": None if estimate is None else half / 2,
                "ci_low": None if estimate is None else estimate - half,
                "ci_high": None if estimate is None else estimate + half,
                "std_errors": "CRV1 by user",
                "degrees_of_freedom": None if estimate is None else 119,
                "n_sessions": 600,
                "n_users": 120,
                "n_cells": 40,
                "n_parameters": None if estimate is None else 41,
                "n_candidates": 650,
                "n_dropped_small_cells": 48,
                "n_dropped_singletons": 2,
                "n_cells_dropped": 12,
                "engine": "numpy",
                "missing_reason": "no cell" if estimate is None else None,
            }
        )
    return frame("analysis.specification_curve", rows)


def missing_coefficients(months: tuple[dt.date, ...], reason: str) -> pl.DataFrame:
    terms = [(f"table_a1_{column}", "expertise") for column in range(1, 7)]
    terms += [("table_a2", f"expertise_{level}") for level in range(2, 6)]
    rows = [_fit(months, name, term, math.nan, math.nan, 0, math.nan, 0, 0) for name, term in terms]
    gone = dict.fromkeys(("estimate", "std_error", "ci_low", "ci_high", "p_value", "r_squared", "degrees_of_freedom"))
    return frame("analysis.coefficients", [{**row, **gone, "missing_reason": reason} for row in rows])


def attrition(months: tuple[dt.date, ...], sessions: int) -> pl.DataFrame:
    """Lines, files and sessions of each month, rule by rule; the rules on eligibility leave `sessions` in all."""
    rows = []
    for index, month in enumerate(months):
        kept = sessions // len(months) + (index < sessions % len(months))
        headless, no_prompt, ide = 11 + index, 5, 3
        found = kept + headless + no_prompt + ide
        agents, empty, repeats = 2 * found // 3, 4 + index % 2, 2
        files = found - 1 + agents + empty + repeats
        unclear = kept // 12
        plan = (
            ("line", "found", 0, 60 * files + 9),
            ("line", "rejected", 9, 60 * files),
            ("line", "kept_from_earlier_readings", -12, 60 * files + 12),
            ("file", "found", 0, files),
            ("file", "no_session", empty, files - empty),
            ("file", "repeat", repeats, files - empty - repeats),
            ("file", "continuation", 0, files - empty - repeats),
            ("file", "subagent", agents, found - 1),
            ("session", "found", -1, found),
            ("session", "no_human_prompt", no_prompt, found - no_prompt),
            ("session", "headless", headless, found - no_prompt - headless),
            ("session", "ide", ide, kept),
            ("session", "no_agent_reply", 0, kept),
            ("session", "no_clear_goal", unclear, kept - unclear),
        )
        names = ("unit", "rule", "removed", "remaining")
        for step, values in enumerate(plan, start=1):
            rows.append({"month": month, "step": step, "rule_set": "study", **dict(zip(names, values, strict=True))})
    return frame("core.attrition", rows)


def agreement(month: dt.date, hidden: tuple[str, ...] = ()) -> pl.DataFrame:
    """Of the rules and of a second pass; facets in `hidden` have too few users."""
    rows = []
    for rater, estimates in (("rules", (0.62, 0.55, 0.48)), ("pass 2", (0.95, 0.93, 0.9))):
        for facet, metric, baseline, estimate in (
            ("work_mode", "exact", 0.31, estimates[0]),
            ("work_mode", "kappa", 0.0, estimates[1]),
            ("outcome", "exact", 0.6, estimates[0]),
            ("outcome", "kappa", 0.0, None if "outcome" in hidden else estimates[2]),
            ("user_planning_share", "correlation", None, estimates[2]),
        ):
            row = {
                "month": month,
                "period": "window",
                "rater": rater,
                "facet": facet,
                "metric": metric,
                "sessions": 300,
                "users": 40,
                "estimate": estimate,
                "ci_low": None if estimate is None else estimate - 0.05,
                "ci_high": None if estimate is None else estimate + 0.05,
                "baseline": baseline,
                "suppressed": False,
                "reference_sha256": "7c" * 32,
            }
            keys = ("month", "period", "rater", "facet", "metric", "reference_sha256")
            gone = {**dict.fromkeys(row), **{key: row[key] for key in keys}, "suppressed": True}
            rows.append(gone if facet in hidden else row)
    return frame("analysis.agreement", rows)


def inputs(
    months: tuple[dt.date, ...] = MONTHS, sessions: int = 702, users: int = 120, threshold: int = 5, **changes: Any
) -> ReportInputs:
    """A whole report's worth of plausible tables; `changes` replace fields."""
    outcomes, adjusted = rates(months, sessions, users, threshold)
    shares = work_mode_shares(months, sessions, users, threshold)
    values = task_value(months, sessions, users, threshold)
    found = attrition(months, sessions)
    fields: dict[str, Any] = {
        "month": months[-1],
        "window_months": 7,
        "months": months,
        "frames": {
            "work_mode_shares": shares,
            "task_value": values,
            "monthly_changes": monthly_changes(shares, values),
            "effort_by_expertise": effort_by_expertise(months, sessions, users, threshold),
            "outcomes_by_expertise": outcomes,
            "truncation": truncation(months, sessions, users, threshold),
            **who_decides(months, sessions, users, threshold),
            **breakdowns(months, sessions, users, threshold),
            **label_error(months[-1]),
            "published_comparison": published_comparison(months[-1]),
            "task_value_change": value_change(months, sessions, users, threshold),
            "specification_curve": specification_curve(months[-1]),
            "coefficients": coefficients(months, sessions, users),
            "adjusted_rates": adjusted,
            "attrition": found,
            "agreement": frame("analysis.agreement", []),
            "label_errors": frame("analysis.label_errors", []),
            "reliability": frame("analysis.reliability", []),
        },
        "sessions": int(found.filter(pl.col("unit") == "session", pl.col("rule") == "found")["remaining"].sum()),
        "eligible_sessions": sessions,
        "users": users,
        "backend": "rules",
        "label_versions": {"work_mode": "rules-1 4f1c2a9be0d7", "expertise": "rules-1 90ab11ce55f2"},
        "prompts": {"work_mode": "5e0c2d11" * 8},
        "rule_set": "study",
        "min_users": threshold,
        "personal": False,
        "methods": {"price list date": "2026-11-01", "transcript window": "25,000 characters, 5,000 per turn"},
        "generated_from": {"core.classified_sessions": "9f3a" * 16},
        "version": "0.1.0",
    }
    return ReportInputs(**{**fields, **changes})


def personal_inputs() -> ReportInputs:
    """One user: nothing is suppressed, no regression can be clustered."""
    reason = "one user: standard errors cannot be clustered"
    whole = inputs(sessions=93, users=1, threshold=0)
    counts = ("n_sessions", "n_users", "n_cells", "n_dropped_small_cells", "n_dropped_singletons", "n_cells_dropped")
    empty_rates = [
        {
            **{key: row[key] for key in ("month", "period", "sample", "measure", "expertise", "n_candidates")},
            "controls": "table_a1_1",
            **dict.fromkeys(counts, 0),
            "engine": "numpy",
            "suppressed": False,
            "missing_reason": reason,
        }
        for row in whole.frames["adjusted_rates"].to_dicts()
    ]
    no_interval = {
        name: table.with_columns(ci_low=pl.lit(None, pl.Float64), ci_high=pl.lit(None, pl.Float64))
        for name, table in whole.frames.items()
        if TABLES[name].startswith(("marts.", "analysis.monthly_changes"))
    }
    frames = {
        **whole.frames,
        **no_interval,
        "coefficients": missing_coefficients(MONTHS, reason),
        "adjusted_rates": frame("analysis.adjusted_rates", empty_rates),
    }
    return inputs(sessions=93, users=1, threshold=0, frames=frames, personal=True, min_users=5)


def empty_inputs() -> ReportInputs:
    """A month in which nothing was analysed."""
    frames = {name: frame(table, []) for name, table in TABLES.items()}
    return inputs(frames=frames, months=MONTHS[-1:], sessions=7, eligible_sessions=0, users=0)


LOOKED_UP = ("specification", "term", "outcome")


def open_columns(table: str) -> set[str]:
    """Columns of text for which the schema of `table` names no fixed values."""
    columns = TABLE_MODELS[table].to_schema().columns
    texts = {name for name, kind in polars_schema(table).items() if kind == pl.String}
    return {name for name in texts if not any(check.name == "isin" for check in columns[name].checks)}


def hostile_inputs() -> ReportInputs:
    """Markup in every free string that can reach a page; of what exhibits look rows up by, in every second row.

    Facets of the agreement are columns of the reference file that are known by name.
    """
    whole = inputs(MONTHS[-2:])
    frames, odd = {}, pl.int_range(pl.len()) % 2 == 1
    for name, table in {**whole.frames, "agreement": agreement(whole.month)}.items():
        planted = []
        for column in sorted(open_columns(TABLES[name])):
            kept = {"rule": pl.col("rule") == "found", "facet": True} | dict.fromkeys(LOOKED_UP, ~odd)
            planted.append(pl.when(kept.get(column, False)).then(column).otherwise(pl.lit(HOSTILE)).alias(column))
        frames[name] = table.with_columns(planted)
    frames["coefficients"] = frames["coefficients"].with_columns(estimate=None, ci_low=None, ci_high=None)
    return inputs(
        MONTHS[-2:],
        frames=frames,
        backend=HOSTILE,
        label_versions={HOSTILE: HOSTILE},
        rule_set=HOSTILE,
        methods={HOSTILE: HOSTILE},
        generated_from={HOSTILE: HOSTILE},
        version=HOSTILE,
        generated_at=HOSTILE,
    )


def _periods(months: tuple[dt.date, ...], sessions: int, users: int) -> list[tuple[str, dt.date, int, int, float]]:
    """(period, month, sessions, users, position between first and last month) of each month and of the window."""
    last = max(1, len(months) - 1)
    monthly = [("month", month, sessions // len(months), users // 2 or 1, i / last) for i, month in enumerate(months)]
    return [*monthly, ("window", months[-1], sessions, users, 0.5)]


def _fit(
    months: tuple[dt.date, ...],
    specification: str,
    term: str,
    estimate: float,
    error: float,
    cells: int,
    r_squared: float,
    sessions: int,
    users: int,
) -> dict[str, Any]:
    from scipy.stats import t

    freedom = max(users - 1, 1)
    half = t.ppf(0.975, freedom) * error
    return {
        "month": months[-1],
        "period": "window",
        "specification": specification,
        "term": term,
        "estimate": estimate,
        "std_error": error,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "p_value": float(2 * t.sf(abs(estimate / error), freedom)) if error == error else None,
        "n_sessions": round(sessions * 0.9),
        "n_users": users,
        "n_cells": cells,
        "r_squared": r_squared,
        "sample": "clear goal and clear expertise",
        "n_candidates": round(sessions * 0.9),
        "n_dropped_small_cells": 0,
        "n_dropped_singletons": 0,
        "degrees_of_freedom": freedom,
        "engine": "numpy",
        "outcome": "verified_success",
        "estimator": "least squares",
        "std_errors": "CRV1 by user",
        "n_clusters": users,
        "n_dropped_constant_cells": 0,
        "n_cells_dropped": 0,
        "missing_reason": None,
    }


assert set(SHARES) == set(WORK_MODES)
