"""One full ingestion, as the assets do it, without Dagster's runs: log files to DuckDB, in a process of its own.

    python -m benchmarks.ingest_once --home DIR --source DIR

Prints `ready` once everything is imported, and at the end one line of JSON with what is in the warehouse.
"""

# The reader's worker processes import this module anew: whatever is imported at the top, each of them pays for.
import argparse
import importlib
import json
from pathlib import Path


def ingest_once(home: Path, source: Path) -> dict[str, int]:
    """Brings the state folder `home` up to date with the logs under `source`, every month of it.

    Returns files found and read, sessions, and tokens per class over all sessions.
    """
    import polars as pl

    from sessions_pipeline.config import Settings
    from sessions_pipeline.folders import Home
    from sessions_pipeline.sessions.add_up import Way
    from sessions_pipeline.sessions.archive import Archive
    from sessions_pipeline.sessions.build import Built, build_sessions, rejected_lines, session_files
    from sessions_pipeline.sessions.ingest import ingest
    from sessions_pipeline.sessions.transcripts import Transcripts
    from sessions_pipeline.warehouse import Warehouse

    folders, settings = Home(home).create(), Settings(sources=(str(source),))
    warehouse, archive = Warehouse(database=str(folders.warehouse)), Archive(folders.private)
    transcripts = Transcripts(folders.private)
    found = ingest(archive, settings)
    book = found.book
    # With every month in the window nothing can have moved here from a month outside it.
    months = sorted({*book.months(), *warehouse.months("raw.session_files"), *warehouse.months("core.sessions")})
    warehouse.replace_window("raw.session_files", session_files(book, months), months)
    warehouse.replace_window("raw.rejected_lines", rejected_lines(book, months), months)
    built = build_sessions(
        archive,
        book,
        months,
        known=Built(warehouse.read("core.sessions", months), warehouse.read("core.model_use", months)),
        transcripts=transcripts,
        way=Way(settings.rule_set, settings.turn_chars, settings.transcript_chars),
    )
    warehouse.replace_window("core.model_use", built.model_use, months)
    warehouse.replace_window("core.sessions", built.sessions, months)
    sessions = built.sessions
    tokens = sessions.select(pl.col("^.*_tokens$").sum()).row(0, named=True)
    return {"files": found.found, "read": found.read, "sessions": sessions.height, **tokens}


def main() -> None:
    """Reads the two folders from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="state folder")
    parser.add_argument("--source", type=Path, required=True, help="folder with logs")
    given = parser.parse_args()
    for module in ("sessions_pipeline.sessions.ingest", "sessions_pipeline.warehouse"):
        importlib.import_module(module)
    print("ready", flush=True)
    print(json.dumps(ingest_once(given.home, given.source)))


if __name__ == "__main__":
    main()
