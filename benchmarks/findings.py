"""What a benchmark found, as rows that people and machines read: a quantity, its target, and whether it is met."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One line of a result. value: the number behind `shown`. met: None where there is no target or no measurement."""

    quantity: str
    value: float | None
    shown: str
    target: str = ""
    met: bool | None = None


def at_most(quantity: str, value: float | None, limit: float, unit: str = "", missing: str = "") -> Finding:
    """A finding whose target is an upper limit; `missing` says why there is no value."""
    if value is None:
        return Finding(quantity, None, f"skipped: {missing}", f"≤ {limit:g}{unit}")
    return Finding(quantity, value, f"{value:.2f}{unit}", f"≤ {limit:g}{unit}", value <= limit)


def at_least(quantity: str, value: float, limit: float, unit: str = "") -> Finding:
    """A finding whose target is a lower limit."""
    return Finding(quantity, value, f"{value:.1f}{unit}", f"≥ {limit:g}{unit}", value >= limit)


def tell(title: str, findings: Sequence[Finding], as_json: bool) -> None:
    """Prints one table, or one JSON object."""
    if as_json:
        print(json.dumps({"title": title, "findings": [asdict(finding) for finding in findings]}, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "found", "target", "", title=title, title_justify="left")
    words = {True: "[green]met[/]", False: "[red]not met[/]", None: ""}
    for finding in findings:
        table.add_row(finding.quantity, finding.shown, finding.target, words[finding.met])
    # Without a terminal rich assumes 80 columns and wraps every row.
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def progress(line: str) -> None:
    """A line about the work itself, apart from the results."""
    print(line, file=sys.stderr, flush=True)
