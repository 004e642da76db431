"""LaTeX tables: every row has as many cells as columns are declared, and nothing in a label is a command."""

from __future__ import annotations

import re

from sessions_pipeline.exports.latex import escaped, latex_files
from sessions_pipeline_tests.report import example


def test_characters_that_latex_reads_as_commands_are_escaped() -> None:
    assert escaped(r"50% of R&D_{x} \input{a} ~^$#") == (
        r"50\% of R\&D\_\{x\} \textbackslash{}input\{a\} \textasciitilde{}\textasciicircum{}\$\#"
    )


def test_table_a1_holds_the_coefficients_with_their_errors_beneath() -> None:
    whole = example.inputs()
    text = latex_files(whole.frame("coefficients"), whole.month)["latex/table_a1.tex"].decode()
    columns = len(re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1])  # type: ignore[index]
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count(" & ") + 1 for line in body} == {columns} == {7}
    assert body[1].split(" & ")[1:3] == ["$0.0431$", "$0.0498$"]
    assert body[2].split(" & ")[1] == "(0.0121)"
    assert "×" not in text


def test_table_a2_has_a_row_per_level_above_novice() -> None:
    whole = example.inputs()
    text = latex_files(whole.frame("coefficients"), whole.month)["latex/table_a2.tex"].decode()
    assert [line.split(" & ")[0] for line in text.splitlines() if line.startswith(tuple("2345"))] == [
        "2 beginner",
        "3 intermediate",
        "4 advanced",
        "5 expert",
    ]


def test_without_an_estimate_the_cell_is_a_dash_and_without_rows_there_is_no_table() -> None:
    gone = example.missing_coefficients(example.MONTHS, "one user")
    assert "-- & --" in latex_files(gone, example.MONTHS[-1])["latex/table_a1.tex"].decode()
    assert latex_files(gone.clear(), example.MONTHS[-1]) == {}
