"""One folder with everything that leaves: tables, the Economic Index's format, LaTeX, figures, and their manifest.

The folder is complete or not there: it is written beside its place and renamed. It holds no time of its making, so
that the same state gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sessions_pipeline.exports.economic_index import long_format
from sessions_pipeline.exports.latex import latex_files
from sessions_pipeline.exports.released import Audit, audit, table_files

if TYPE_CHECKING:
    from sessions_pipeline.report.inputs import ReportInputs

MANIFEST = "manifest.json"


class ExportError(RuntimeError):
    """Nothing was exported; what was exported before is as it was."""


def export(
    folder: Path, tables: Mapping[str, pl.DataFrame], figures: Mapping[str, bytes], inputs: ReportInputs
) -> dict[str, Any]:
    """Writes the export of the vintage of `inputs` to `folder`, in the place of an earlier one; its manifest.

    tables: all rows of the released tables. figures: path within the export -> bytes.
    Raises ExportError if a row with a number stands for fewer users than the threshold, or if `folder` holds anything
    that is not an export.
    """
    min_users = 1 if inputs.personal else inputs.min_users
    audits = {table: audit(frame, min_users) for table, frame in tables.items()}
    if below := [f"{table} ({found.below})" for table, found in audits.items() if found.below]:
        raise ExportError(
            f"rows with numbers of fewer than {min_users} users in {', '.join(below)}: made under an earlier "
            "threshold? Run `sessions-pipeline run` again, then export."
        )
    marts = {table: frame for table, frame in tables.items() if table.startswith("marts.")}
    files = {
        **table_files(tables),
        "economic_index.csv": long_format(marts, inputs.window_months).write_csv().encode(),
        **latex_files(inputs.frame("coefficients"), inputs.month),
        **figures,
    }
    manifest = _manifest(files, audits, inputs)
    files[MANIFEST] = (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()
    _put(folder, files)
    return manifest


def _manifest(files: Mapping[str, bytes], audits: Mapping[str, Audit], inputs: ReportInputs) -> dict[str, Any]:
    return {
        "vintage": f"{inputs.month:%Y-%m}",
        "window_months": inputs.window_months,
        "for_publication": not inputs.personal,
        "versions": {"sessions-pipeline": inputs.version, "polars": version("polars"), "duckdb": version("duckdb")},
        "labels": {"backend": inputs.backend, "versions": dict(inputs.label_versions)},
        "rule_set": inputs.rule_set,
        "made_from": dict(inputs.generated_from),
        "suppression": {
            "min_users": inputs.min_users,
            "tables": {table: asdict(found) for table, found in audits.items()},
        },
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes `files` all that `folder` holds. For a moment between two renames there is no folder, never half of one."""
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file. Name a folder with --to.")
    fresh, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():  # killed between the renames
        old.rename(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ExportError(f"{folder} holds something that is not an export. Name another folder with --to.")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for path, data in files.items():
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).write_bytes(data)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
