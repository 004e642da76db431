"""The four stages of a run: which tables each reads and which it makes. Names only, for who runs without Dagster.

Dagster's jobs are made of these in `schedules.py`; a test holds what a stage reads to the asset graph.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessions_pipeline.schemas import TABLES


@dataclass(frozen=True)
class Stage:
    """job: name of its Dagster job. reads: tables that earlier stages make. makes: its own tables.

    windowed: month M is made from the months of the window that ends in M, not from M alone.
    """

    job: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    windowed: bool = False


COUNT = Stage("ingest", (), ("raw.session_files", "raw.rejected_lines", "core.sessions", "core.model_use"))
LABEL = Stage("label", ("core.sessions",), ("labels.classifications", "labels.retests"))
JOIN = Stage(
    "join",
    ("raw.session_files", "core.sessions", "labels.classifications"),
    # Gold labels are written by a command; a run counts and checks them.
    ("staging.current_labels", "core.classified_sessions", "core.attrition", "labels.gold_draws", "labels.gold"),
)
# The rest, so that an added aggregate is published without a word here.
PUBLISH = Stage(
    "publish",
    (
        "raw.session_files",
        "core.sessions",
        *LABEL.makes,
        *(table for table in JOIN.makes if table != "staging.current_labels"),
    ),
    tuple(table for table in TABLES if table not in (*COUNT.makes, *LABEL.makes, *JOIN.makes)),
    windowed=True,
)
