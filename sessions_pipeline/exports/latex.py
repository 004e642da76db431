"""Tables A1 and A2 as economists set them: coefficient, standard error in brackets beneath, sample and fixed effects.

Needs the LaTeX package booktabs. Numbers come from `report.exhibits`, so that report and export cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from sessions_pipeline.report import exhibits
from sessions_pipeline.report.exhibits import Coefficient

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "–": "--",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}


def escaped(text: str) -> str:
    """`text` with every character that LaTeX would read as a command made harmless."""
    return "".join(_SPECIAL.get(char, char) for char in text)


def latex_files(coefficients: pl.DataFrame, month: dt.date) -> dict[str, bytes]:
    """Path within the export -> LaTeX source of Tables A1 and A2 of vintage `month`; none where no row is there."""
    files = {}
    if columns := exhibits.table_a1(coefficients, month):
        files["latex/table_a1.tex"] = table_a1(columns, month).encode()
    if levels := exhibits.table_a2(coefficients, month):
        files["latex/table_a2.tex"] = table_a2(list(levels.values()), month).encode()
    return files


def table_a1(columns: Sequence[Coefficient], month: dt.date) -> str:
    """Table A1: a column per set of controls."""
    effects = [
        [escaped(name), *("Yes" if column.column >= since else "No" for column in columns)]
        for name, since in exhibits.TABLE_A1_EFFECTS.items()
    ]
    body = [
        ["", *(f"({column.column})" for column in columns)],
        None,
        ["Expertise (1--5)", *(_number(column.cell.estimate, 4) for column in columns)],
        ["", *(_in_brackets(column.fit["std_error"]) for column in columns)],
        None,
        *effects,
        ["Fixed-effect cells", *(f"{column.fit['n_cells']:,}" for column in columns)],
        ["Sessions", *(f"{column.fit['n_sessions']:,}" for column in columns)],
        ["Users (clusters)", *(f"{column.fit['n_users']:,}" for column in columns)],
        ["$R^2$", *(_number(column.fit["r_squared"], 3) for column in columns)],
    ]
    return _tabular(f"Verified success and expertise, window ending {month:%B %Y}", "table-a1", body)


def table_a2(levels: Sequence[Coefficient], month: dt.date) -> str:
    """Table A2: an indicator per level, novices left out, with the controls of column 5."""
    body = [
        ["", "Difference from novices", "Standard error", "Sessions", "Users"],
        None,
        *(
            [
                escaped(level.name),
                _number(level.cell.estimate, 4),
                _in_brackets(level.fit["std_error"]),
                f"{level.fit['n_sessions']:,}",
                f"{level.fit['n_users']:,}",
            ]
            for level in levels
        ),
    ]
    return _tabular(f"Verified success by level of expertise, window ending {month:%B %Y}", "table-a2", body)


def _tabular(caption: str, label: str, body: Sequence[list[str] | None]) -> str:
    """A floating table; None in `body` is a rule."""
    width = max(len(row) for row in body if row)
    lines = [r"\midrule" if row is None else " & ".join(row) + r" \\" for row in body]
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{escaped(caption)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{l{'c' * (width - 1)}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip\footnotesize Linear probability models. Standard errors in brackets, clustered by user.",
            r"\end{table}",
            "",
        ]
    )


def _number(value: float | None, decimals: int) -> str:
    return "--" if value is None else f"${value:.{decimals}f}$"


def _in_brackets(value: float | None) -> str:
    return "" if value is None else f"({value:.4f})"
