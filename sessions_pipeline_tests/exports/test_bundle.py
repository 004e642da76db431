"""An export is whole, the same twice, never in the place of something else, and never of too few people."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from sessions_pipeline.exports.bundle import ExportError, export
from sessions_pipeline.report.inputs import TABLES, ReportInputs
from sessions_pipeline_tests.report import example

FIGURES = {"figures/figure_1.svg": b"<svg/>"}


def tables(inputs: ReportInputs) -> dict[str, pl.DataFrame]:
    return {table: inputs.frame(short) for short, table in TABLES.items()}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_names_every_file_with_its_digest(tmp_path: Path) -> None:
    inputs = example.inputs()
    export(tmp_path / "out", tables(inputs), FIGURES, inputs)
    files = contents(tmp_path / "out")
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    assert {"economic_index.csv", "latex/table_a1.tex", "figures/figure_1.svg", "tables/core.attrition.csv"} <= set(
        files
    )
    assert manifest["suppression"]["min_users"] == 5
    assert manifest["for_publication"] is True


def test_two_exports_of_the_same_state_are_the_same_bytes(tmp_path: Path) -> None:
    inputs = example.inputs()
    export(tmp_path / "a", tables(inputs), FIGURES, inputs)
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables(inputs).items()}
    export(tmp_path / "b", shuffled, FIGURES, inputs)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path: Path) -> None:
    inputs = example.inputs()
    export(tmp_path / "out", tables(inputs), {"figures/gone.svg": b"<svg/>"}, inputs)
    export(tmp_path / "out", tables(inputs), FIGURES, inputs)
    assert not (tmp_path / "out" / "figures" / "gone.svg").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("left", [".out.new", ".out.old"])
def test_what_a_killed_export_left_behind_is_removed(tmp_path: Path, left: str) -> None:
    inputs = example.inputs()
    export(tmp_path / "out", tables(inputs), FIGURES, inputs)
    before = contents(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / left)
    export(tmp_path / "out", tables(inputs), FIGURES, inputs)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    inputs = example.inputs()
    with pytest.raises(ExportError, match="holds something that is not an export"):
        export(tmp_path, tables(inputs), FIGURES, inputs)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_number_of_too_few_people_stops_the_export(tmp_path: Path) -> None:
    inputs = example.inputs()
    few = {**tables(inputs), "marts.task_value": example.task_value(example.MONTHS, 700, 20, threshold=1)}
    with pytest.raises(ExportError, match=r"fewer than 5 users in marts.task_value \(\d+\)"):
        export(tmp_path / "out", few, FIGURES, inputs)
    assert not (tmp_path / "out").exists()


def test_one_persons_own_export_says_that_it_is_not_for_publication(tmp_path: Path) -> None:
    inputs = example.personal_inputs()
    manifest = export(tmp_path / "out", tables(inputs), FIGURES, inputs)
    assert manifest["for_publication"] is False
