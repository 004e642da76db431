"""Whose a log file is: one person's, its first folder's, or what a file of patterns says.

Here belong the rule that turns a place (a file's path within its source, `/` between folders) into a user's name, and
the reading of pattern files. Names become keyed hashes in `archive`; what a session with files of two users does is in
`build`; that users follow a changed rule is in `places`.

A pattern file is CSV with the header `pattern,user`. The first pattern that matches decides. `*` stands for any
characters, `/` too, `?` for one, `[ab]` for one of these; capitals count; a pattern that names a folder covers all
that lies in it. A pattern with an empty user says that these files are nobody's, on purpose: bots, tests. A file that
no pattern matches is nobody's as well, and is named at the end of each run. What is nobody's is read and kept, and its
sessions are left out of the sample (`no_user`) until a pattern names their user: to count them as one person, or each
folder as another, would be wrong in every number that counts or compares people.
"""

from __future__ import annotations

import csv
import fnmatch
import re
from collections.abc import Callable
from pathlib import Path

from sessions_pipeline.folders import SettingsError

HEADER = ["pattern", "user"]
NOBODY = ""
# Takes a file's place; the user's name, NOBODY where the files are nobody's on purpose, None where no rule says.
UserRule = Callable[[str], str | None]
# What a place must begin with, the whole pattern, the user.
Row = tuple[str, re.Pattern[str], str]


def user_rule(users: str) -> UserRule:
    """The rule that the setting `users` stands for: `one`, `folder`, or the path of a pattern file.

    `folder`: the first folder under the source names the user; of a file directly in the source the rule says nothing.
    Raises SettingsError where a pattern file cannot be read or used; the message names its line.
    """
    if users == "one":
        return lambda place: "one"
    if users == "folder":
        return lambda place: place.split("/", 1)[0] if "/" in place else None
    patterns = _patterns(Path(users))

    def of_pattern(place: str) -> str | None:
        for opening, pattern, user in patterns:
            # Spares most regular expressions: 6,000 files and 1,000 patterns took 4.5 s without.
            if place.startswith(opening) and pattern.match(place):
                return user
        return None

    return of_pattern


def _patterns(file: Path) -> list[Row]:
    """The rows of a pattern file, in order."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True, skipinitialspace=True)
            return _checked(file, reader)
    except OSError as error:
        raise SettingsError(
            f"cannot read the users of {file}: {error.strerror}. Name a CSV file with --users."
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{file} is not valid UTF-8: line {line}. Save it as CSV in UTF-8.") from error


def _checked(file: Path, reader: csv._reader) -> list[Row]:  # type: ignore[name-defined]
    found: list[Row] = []
    headed = False
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not headed:
                if cells != HEADER:
                    raise _wrong(file, reader.line_num, f"expected the header {','.join(HEADER)}")
                headed = True
            elif len(cells) != len(HEADER):
                raise _wrong(file, reader.line_num, f"expected 2 cells, pattern and user, found {len(cells)}")
            elif not cells[0]:
                raise _wrong(file, reader.line_num, "expected a pattern before the comma")
            else:
                found.append((*_compiled(cells[0]), cells[1]))
    except csv.Error as error:
        raise _wrong(file, reader.line_num, f"expected CSV, found: {error}") from error
    if not found:
        raise _wrong(file, reader.line_num + 1, "expected " + ("a pattern and a user" if headed else "pattern,user"))
    return found


def _compiled(pattern: str) -> tuple[str, re.Pattern[str]]:
    """What a place must begin with, and a regular expression for the pattern and for all in a folder of this name."""
    whole = pattern.removeprefix("./").rstrip("/")
    opening = re.split(r"[*?[]", whole, maxsplit=1)[0]
    return opening, re.compile(f"{fnmatch.translate(whole)}|{fnmatch.translate(whole + '/*')}")


def _wrong(file: Path, line: int, expected: str) -> SettingsError:
    return SettingsError(f"{file}, line {line}: {expected}. Each row is a pattern and a user, e.g. ann/*,ann")
