"""Settings: what is configured, and where each value comes from.

Here belong the typed settings and their merging (defaults < settings.toml < environment < flags). What a setting does
belongs to the code that reads it; where the state lies is in `folders`. Little is imported at the top, because every
command pays for it.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, ValidationError, convert, field

from sessions_pipeline.folders import FILE, HOME_VARIABLE, Home, SettingsError, is_url, replace_file, unwritable

ENVIRONMENT_PREFIX = "SESSIONS_"
DEFAULT = "default"
FLAG = "flag"
USERS = ("one", "folder")
# What stands for None, by setting.
WORDS_FOR_NONE = {
    "reference_labels": "none",
    "calibration": "shipped",
    "max_cost_usd": "unlimited",
    "transcript_retention_days": "keep",
}
# The day after it is the deadline of the monthly tables, and every month must have one.
LAST_SCHEDULE_DAY = 27
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")
# Separates the folders of a list in the environment, but not the beginning of an address from its rest.
_BETWEEN_FOLDERS = re.compile(re.escape(os.pathsep) + "(?!//)")


def _sources(value: object) -> tuple[str, ...]:
    """Absolute paths of folders (`~` is the home folder of the user) and addresses, of a non-empty list of both."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("not a list of folders")
    if not all(isinstance(source, str | Path) and str(source) for source in value):
        raise ValueError("not a list of folders")
    return tuple(dict.fromkeys(_absolute(str(source)) for source in value))


def _absolute(source: str) -> str:
    if not is_url(source):
        return str(Path(source).expanduser().absolute())
    if _PASSWORD.search(source):
        raise ValueError("an address with a password would be kept and shown in clear")
    return source


def _users(value: object) -> str:
    """`one`, `folder`, or the absolute path of a pattern file, whose name ends in .csv."""
    if value in USERS:
        return str(value)
    if not isinstance(value, str | Path) or Path(value).suffix.lower() != ".csv":
        raise ValueError("neither a word that is known nor a CSV file")
    return str(Path(value).expanduser().absolute())


def _file(value: object) -> Path:
    """Absolute path of a file name; `~` is the home folder of the user."""
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("not the name of a file")
    return Path(value).expanduser().absolute()


# Settings that are read by a rule of their own, before their type is looked at.
_READ_BY: dict[str, Callable[[object], object]] = {
    "sources": _sources,
    "users": _users,
    "reference_labels": _file,
    "calibration": _file,
}


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set. Each field's description is what `sessions-pipeline settings` prints.

    What `load_settings` finds is checked; values that are given here are not.
    """

    sources: Annotated[
        tuple[str, ...],
        Meta(description="folders and addresses (s3://…) with agent logs, searched with all folders inside"),
    ] = field(default_factory=lambda: _sources(["~/.claude/projects"]))
    users: Annotated[
        str,
        Meta(
            description="whose logs they are: one person's, or the first folder under a source names the user, "
            "or a CSV file of path patterns does"
        ),
    ] = "one"
    rule_set: Annotated[
        Literal["study", "all_interactive"],
        Meta(
            description="which sessions are in the sample: the study's rules, or every session with a person in it",
        ),
    ] = "study"
    backend: Annotated[
        Literal["rules", "claude", "distilled"],
        Meta(
            description="who labels the sessions: rules on this machine, a Claude model that is paid per token, or "
            "small models that learn from the labels which that model gave"
        ),
    ] = "rules"
    reference_labels: Annotated[
        Path | None,
        Meta(description="CSV file of labels that every backend is compared with; none: nothing is compared"),
    ] = None
    api_mode: Annotated[
        Literal["batch", "direct"],
        Meta(
            description="how the claude backend asks: batches at half the price, or direct calls (zero data retention)"
        ),
    ] = "batch"
    judge_model: Annotated[str, Meta(min_length=1, description="model that labels, with the claude backend")] = (
        "claude-sonnet-4-6"
    )
    posting_model: Annotated[
        str, Meta(min_length=1, description="model that rewrites a session as a posting, for its task value")
    ] = "claude-haiku-4-5"
    pricing_model: Annotated[str, Meta(min_length=1, description="model that prices the posting")] = "claude-opus-4-7"
    calibration: Annotated[
        Path | None,
        Meta(description="CSV of postings with known prices that task values are compared with; shipped: made-up ones"),
    ] = None
    max_cost_usd: Annotated[
        float | None, Meta(ge=0, description="US dollars that one run may spend at most; unlimited: no limit")
    ] = None
    retest_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="share of the sessions that the claude backend labels a second time, to see how alike its "
            "answers are; paid for like the first",
        ),
    ] = 0.0
    direct_requests: Annotated[
        int,
        Meta(ge=1, description="direct calls under way at once; a run that is killed can pay these twice, no more"),
    ] = 4
    min_users: Annotated[int, Meta(ge=1, description="a published number stands for at least this many users")] = 5
    schedule_day: Annotated[
        int,
        Meta(
            ge=1,
            le=LAST_SCHEDULE_DAY,
            description="day of the month, at 06:00 UTC, on which the schedule makes the month before",
        ),
    ] = 2
    window_months: Annotated[int, Meta(ge=1, description="months that a windowed figure or regression covers")] = 7
    turn_chars: Annotated[int, Meta(ge=1, description="characters kept of one turn of a transcript")] = 5_000
    transcript_chars: Annotated[int, Meta(ge=1, description="characters kept of a whole transcript")] = 25_000
    transcript_retention_days: Annotated[
        int | None,
        Meta(ge=1, description="days that stored transcripts are kept before `purge` removes them; keep: for ever"),
    ] = None


# Names of all settings, in order.
SETTINGS = Settings.__struct_fields__


@dataclass(frozen=True)
class SettingsInForce:
    """Merged settings. origins: field name -> `default`, `settings.toml`, `environment SESSIONS_X` or `flag`."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True)
class SettingRow:
    """A setting as a person reads it. value: as JSON; allowed: which values may be set."""

    key: str
    value: str
    origin: str
    meaning: str
    allowed: str


def load_settings(
    home: Path, overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> SettingsInForce:
    """Settings in force for the state folder `home`.

    overrides: field -> value of the flags; None stands for a flag that was not given.
    environ: SESSIONS_<FIELD>; lists are separated by os.pathsep; an empty value counts as not set.
    Raises SettingsError with one line per wrong value, unknown key or unreadable file.
    """
    values: dict[str, object] = {}
    origins = dict.fromkeys(SETTINGS, DEFAULT)
    problems: list[str] = []
    given: list[tuple[str, str, object]] = []
    for key, value in _read_file(Home(home)).items():
        given.append((key, FILE, value))
    for key, text in _from_environment(environ).items():
        given.append((key, f"environment {ENVIRONMENT_PREFIX}{key.upper()}", text))
    for key, value in (overrides or {}).items():
        if value is not None:
            given.append((key, FLAG, value))
    for key, origin, value in given:
        try:
            values[key] = _checked(key, value, origin)
            origins[key] = origin
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))
    return SettingsInForce(Settings(**values), origins)  # type: ignore[arg-type]


def save_settings(home: Path, values: Mapping[str, object]) -> None:
    """Writes `values` to settings.toml of the state folder, keeping its comments and its other keys.

    The file is replaced at once, so that a reader never sees half of it. None removes a key: the default is back.
    Raises SettingsError where a value is wrong, or the file cannot be read or written.
    """
    import tomlkit

    file = Home(home).settings_file
    checked = {key: None if value is None else _checked(key, value, FLAG) for key, value in values.items()}
    _read_file(Home(home))  # a broken file is reported with its line, never overwritten
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    before = tomlkit.dumps(document)
    for key, value in checked.items():
        if value is None:
            document.pop(key, None)
        else:
            document[key] = _as_toml(value)
    if (after := tomlkit.dumps(document)) != before:
        try:
            replace_file(file.resolve(), after)
        except OSError as error:
            raise SettingsError(unwritable(str(file), error.strerror or str(error))) from error


def _as_toml(value: object) -> object:
    """`value` as settings.toml has it: paths are text."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def describe_settings(in_force: SettingsInForce) -> list[SettingRow]:
    """One row per setting, in the order of the fields, for the `settings` command and the Dagster UI."""
    return [
        SettingRow(
            key,
            _shown(key, getattr(in_force.settings, key)),
            in_force.origins[key],
            str(_type(key)[1].description),
            _allowed(key),
        )
        for key in SETTINGS
    ]


def _read_file(home: Home) -> dict[str, object]:
    """Keys and values of settings.toml; empty without one. Relative paths count from the state folder."""
    file = home.settings_file
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{file} is not valid TOML: {error}. Mend it, or remove the file: all settings have defaults."
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{file} is not valid UTF-8: line {line}") from error
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from error
    sources, users = values.get("sources"), values.get("users")
    if isinstance(sources, list) and all(isinstance(source, str) and source for source in sources):
        values["sources"] = [_from(home.path, source) for source in sources]
    if isinstance(users, str) and users.lower().endswith(".csv"):
        values["users"] = _from(home.path, users)
    for key in ("reference_labels", "calibration"):
        name = values.get(key)
        if isinstance(name, str) and name and name != WORDS_FOR_NONE[key]:
            values[key] = home.path / Path(name).expanduser()
    return values


def _from(folder: Path, name: str) -> str:
    """`name` counted from `folder` where it is a relative path."""
    return name if is_url(name) else str(folder / Path(name).expanduser())


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Settings among the environment variables, and near misses; other names with the prefix are not ours to judge."""
    found: dict[str, object] = {}
    for name, text in environ.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name == HOME_VARIABLE or not text:
            continue
        key = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        if key in SETTINGS:
            found[key] = _BETWEEN_FOLDERS.split(text) if _is_list(key) else text
        elif _nearest(key):
            found[key] = text
    return found


def _checked(key: str, value: object, origin: str) -> object:
    """`value` as the type of field `key`. Text is read as a number only where it comes from the environment."""
    if key not in SETTINGS:
        near = _nearest(key)
        hint = f"did you mean {near}?" if near else f"allowed: {', '.join(SETTINGS)}"
        raise SettingsError(f"unknown setting {key} ({origin}): {hint}")
    if key in WORDS_FOR_NONE and value == WORDS_FOR_NONE[key]:
        return None
    try:
        return _converted(key, value, as_text=origin.startswith("environment"))
    except (ValidationError, ValueError) as error:
        shown = _PASSWORD.sub("://…@", _shown(key, value))
        raise SettingsError(f"{key} = {shown} ({origin}) is not allowed: {_allowed(key)}") from error


def _converted(key: str, value: object, *, as_text: bool) -> object:
    """`value` as the type of field `key`, numbers from text if `as_text`. Raises ValueError or ValidationError."""
    if read := _READ_BY.get(key):
        return read(value)
    kind, limits = _type(key)
    if as_text and kind in (int, float):
        value = kind(value)
    found = convert(value, Annotated[kind, limits])
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError("not a finite number")
    if isinstance(found, str):
        found.encode()  # half a character, of an environment that is no UTF-8, could be written nowhere
    return found


def _nearest(key: str) -> str | None:
    return next(iter(difflib.get_close_matches(key, SETTINGS, n=1)), None)


@cache
def _type(key: str) -> tuple[Any, Meta]:
    """Type of field `key`, without None where that has a word of its own; its limits and description."""
    annotated, limits = get_args(get_type_hints(Settings, include_extras=True)[key])
    if key in WORDS_FOR_NONE:
        annotated = next(kind for kind in get_args(annotated) if kind is not type(None))
    return annotated, limits


def _is_list(key: str) -> bool:
    return get_origin(_type(key)[0]) is tuple


_KINDS = {
    int: "a whole number, 1 or more",
    float: "a number, 0 or more",
    str: "a name",
    Path: "a file",
}


def _allowed(key: str) -> str:
    """What may be set for `key`, in words, read from the field's type."""
    kind, _ = _type(key)
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if _is_list(key):
        return 'a list of folders, e.g. ["~/.claude/projects"], or addresses without a password, e.g. s3://logs/2026'
    if key == "users":
        return f"{' or '.join(USERS)}, or a CSV file (its name ends in .csv) with the header pattern,user"
    if key == "retest_share":
        return "a number from 0 to 1"
    if key == "schedule_day":
        return f"a whole number from 1 to {LAST_SCHEDULE_DAY}"
    word = WORDS_FOR_NONE.get(key)
    return f"{_KINDS[kind]}, or {word}" if word else _KINDS[kind]


def _shown(key: str, value: object) -> str:
    """`value` of `key` as JSON; None is the word that stands for it."""
    return json.dumps(WORDS_FOR_NONE.get(key) if value is None else value, default=str, ensure_ascii=False)
