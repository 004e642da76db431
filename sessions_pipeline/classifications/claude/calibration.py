"""Postings of known price that a model compares with, for task value.

The shipped ones are made up, with prices as their author guesses them: they fix the form of the answer and the order
of magnitude, no more, and the report calls the values uncalibrated. Real ones come as a CSV file (setting
`calibration`): columns title, description, price_usd. The study used 200, 50 in each of its four tiers.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

from sessions_pipeline.classifications.classifiers import HIGHEST_TASK_VALUE_USD, LOWEST_TASK_VALUE_USD
from sessions_pipeline.folders import SettingsError

COLUMNS = ("title", "description", "price_usd")


def calibration_text(file: Path | None) -> str:
    """The postings of `file`, or the shipped ones, as a model reads them: by price, cheapest first.

    Raises SettingsError, with the line, where the file cannot be read as postings.
    """
    if file is None:
        text = files(__package__).joinpath("calibration.csv").read_text(encoding="utf-8")
        return _rendered(text, "calibration.csv")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise SettingsError(f"calibration = {file}: cannot be read ({reason})") from error
    return _rendered(text, str(file))


def _rendered(text: str, name: str) -> str:
    reader = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise SettingsError(f"calibration = {name}: no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    postings = []
    for row in reader:
        try:
            price = float(row["price_usd"])
        except (TypeError, ValueError):
            price = 0.0
        if not (LOWEST_TASK_VALUE_USD <= price <= HIGHEST_TASK_VALUE_USD and row["title"] and row["description"]):
            raise SettingsError(
                f"calibration = {name}, line {reader.line_num}: expected a title, a description and a price_usd "
                f"between {LOWEST_TASK_VALUE_USD:.0f} and {HIGHEST_TASK_VALUE_USD:.0f}"
            )
        postings.append((price, f"{row['title']}\n{row['description']}\nPaid: {price:.0f} US dollars\n"))
    if not postings:
        raise SettingsError(f"calibration = {name}: holds no posting")
    return "Postings with the price that was paid:\n\n" + "\n".join(posting for _, posting in sorted(postings))
