"""The SQL models of `dbt_like_sql/`: what each file makes, reads, takes and promises.

One file is one table: `marts/task_value.sql` makes `marts.task_value`. Here belongs what can be read off the text:
header, dependencies, parameters, columns, lineage. Running a model belongs to `warehouse.py`, making it an asset to
`sql_assets.py`.

A header is the block of `--` lines that opens a file: the grain first ("One row per …"), then free text, then two
optional lists, `columns:` (name: how it is made) and `assertions:`, of which there are three kinds:
`unique: a, b`, `each row: condition`, and `each a, b: condition on the group`. A condition that is null holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sessions_pipeline import schemas
from sessions_pipeline.config import replace_file

if TYPE_CHECKING:
    from sqlglot import exp

LOG = logging.getLogger(__name__)

# Beside the package in a checkout and in site-packages alike (see [tool.setuptools] in pyproject.toml).
FOLDER = Path(__file__).resolve().parents[1] / "dbt_like_sql"

PARAMETERS = {
    "first_month": "first month to write, a DATE",
    "last_month": "last month to write, included, a DATE",
    "window_months": "months in a window, the last one included",
    "min_users": "fewest distinct users of a published cell; 1 suppresses nothing",
    "backend": "whose labels count: rules, claude or distilled",
}
_LISTS = ("columns", "assertions")
_WINDOW = "month between $first_month and $last_month"


class SqlModelError(ValueError):
    """A file of SQL models that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Assertion:
    """A promise about a table.

    sql: a SELECT with the rows or groups that break it, none if it holds. parameters: the `$names` it takes.
    """

    text: str
    sql: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class SqlModel:
    """One file.

    table: "schema.name", from the path. description: the header's text, grain first. columns: output column -> what it
    is, from the header, else from the table's schema. dependencies: tables that the SELECT reads, sorted.
    parameters: the `$names` it takes, sorted; DuckDB refuses to be given others.
    """

    table: str
    sql: str
    description: str
    columns: Mapping[str, str]
    assertions: tuple[Assertion, ...]
    dependencies: tuple[str, ...]
    parameters: tuple[str, ...]

    @cached_property
    def lineage(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Output column -> the ("schema.name", column) pairs that it is made of; what only filters rows is left out.

        As far as sqlglot can tell: a column that it cannot follow has no sources.
        """
        from sqlglot import exp
        from sqlglot.lineage import Node, lineage
        from sqlglot.optimizer.scope import build_scope

        def sources(root: Node) -> tuple[tuple[str, str], ...]:
            tables = ((node.expression, node.name) for node in root.walk() if isinstance(node.expression, exp.Table))
            return tuple(sorted({(f"{table.db}.{table.name}", name.rsplit(".", 1)[-1]) for table, name in tables}))

        try:
            query = _qualified(self.sql)
            # Trimming serves drawing only, and would take four fifths of the time.
            roots = lineage(
                None, query, _catalog(), dialect="duckdb", scope=build_scope(query), trim_selects=False, copy=False
            )
        except Exception as error:  # A picture in the UI is no reason to refuse SQL that runs.
            LOG.warning("%s: no column lineage: %s", _file(self.table), error)
            return {}
        return {column: sources(root) for column, root in roots.items()}


def models_from(cache: Path) -> dict[str, SqlModel]:
    """`load_models` of the project, its lineage included, from the file `cache` if that was made of the same files.

    Every process of Dagster loads the models, and a run is a process: reading them takes longer (1 s) than many a step.
    Where the file cannot be written nothing is kept.
    """
    made_of = _made_of()
    try:
        stored = json.loads(cache.read_text(encoding="utf-8"))
        if stored["made_of"] == made_of:
            return {row["table"]: _from_row(row) for row in stored["models"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    models = _models_of(made_of)
    rows = [{**asdict(model), "lineage": model.lineage} for model in models.values()]
    with contextlib.suppress(OSError):
        replace_file(cache, json.dumps({"made_of": made_of, "models": rows}))
    return models


@cache
def _models_of(made_of: str) -> dict[str, SqlModel]:
    """`load_models` of the project, once in a process for the files with this digest."""
    return load_models()


def _made_of() -> str:
    """Digest of all that decides what the models are: files, tables, this module and the parser."""
    files = [path.read_text(encoding="utf-8") for path in (*sorted(FOLDER.glob("*/*.sql")), Path(__file__))]
    texts = {
        table: {name: column.description for name, column in model.to_schema().columns.items()}
        for table, model in schemas.TABLES.items()
    }
    return hashlib.sha256(json.dumps([files, texts, version("sqlglot")]).encode()).hexdigest()


def _from_row(row: dict[str, Any]) -> SqlModel:
    lists = {name: tuple(row[name]) for name in ("dependencies", "parameters")}
    assertions = tuple(Assertion(one["text"], one["sql"], tuple(one["parameters"])) for one in row["assertions"])
    lineage = {column: tuple((table, name) for table, name in sources) for column, sources in row["lineage"].items()}
    model = SqlModel(row["table"], row["sql"], row["description"], row["columns"], assertions, **lists)
    model.__dict__["lineage"] = lineage  # where cached_property keeps it
    return model


def load_models(folder: Path | None = None) -> dict[str, SqlModel]:
    """Table -> model for every `schema/name.sql` in `folder` (default: the project's), each after what it reads.

    Raises SqlModelError, naming the file, if there is no header, it is not one SELECT, its columns are not those of the
    table's schema, it reads an unknown table or takes an unknown parameter, or files read each other in a circle.
    """
    folder = folder or FOLDER
    files = sorted(folder.glob("*/*.sql"))
    if not files:
        raise SqlModelError(f"{folder}: no SQL models there; install the project again")
    models = {model.table: model for model in map(read_model, files)}
    try:
        order = list(TopologicalSorter({table: model.dependencies for table, model in models.items()}).static_order())
    except CycleError as error:
        circle = " reads ".join(_file(table) for table in reversed(error.args[1]))
        raise SqlModelError(f"{circle}: a circle; let one of them do without the other") from None
    return {table: models[table] for table in order if table in models}


def read_model(path: Path) -> SqlModel:
    """The model in one file; see `load_models` for the errors."""
    table = f"{path.parent.name}.{path.stem}"
    sql = path.read_text(encoding="utf-8")
    if table not in schemas.TABLES:
        raise SqlModelError(f"{_file(table)}: schemas.TABLES has no {table}; add its columns there")
    description, lists = _parse_header(_file(table), sql)
    query = _parse_select(_file(table), sql)
    dependencies = _dependencies(table, query)  # first: a misspelt table is the reason for unknown columns
    return SqlModel(
        table=table,
        sql=sql,
        description=description,
        columns=_columns(table, sql, lists["columns"]),
        assertions=tuple(_assertion(table, text) for text in lists["assertions"]),
        dependencies=dependencies,
        parameters=_parameters(_file(table), query),
    )


def _file(table: str) -> str:
    return table.replace(".", "/") + ".sql"


def _parse_header(file: str, sql: str) -> tuple[str, dict[str, list[str]]]:
    """Text of the opening comment block (lines of a paragraph joined), and the items of its lists."""
    header = re.match(r"(?:--.*\n)*", sql)
    lines = [line[2:].strip() for line in header.group().splitlines()] if header else []
    if not lines or not lines[0].startswith("One row per "):
        raise SqlModelError(f"{file}: no header; open the file with a comment whose first line is '-- One row per …'")
    paragraphs: list[list[str]] = [[]]
    lists: dict[str, list[str]] = {name: [] for name in _LISTS}
    current: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if line.removesuffix(":") in _LISTS and line.endswith(":"):
            current = lists[line.removesuffix(":")]
        elif current is not None and line:
            if ": " not in line:
                raise SqlModelError(f"{file}, line {number}: expected 'name: text' in a list, got {line!r}")
            current.append(line)
        elif line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join("\n".join(paragraph) for paragraph in paragraphs if paragraph), lists


def _parse_select(file: str, sql: str) -> exp.Query:
    """The file's one SELECT, names as written."""
    from sqlglot import exp, parse
    from sqlglot.errors import ParseError

    try:
        statements = parse(sql, dialect="duckdb")
    except ParseError as error:
        raise SqlModelError(f"{file}: not DuckDB SQL: {error}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlModelError(f"{file}: expected one SELECT, without a semicolon")
    return statements[0]


def _dependencies(table: str, query: exp.Query) -> tuple[str, ...]:
    """Tables that `query` reads, by their schema; what has no schema must be the name of a CTE."""
    from sqlglot import exp

    file = _file(table)
    steps = {cte.alias for cte in query.find_all(exp.CTE)}
    read = {f"{source.db}.{source.name}" if source.db else source.name for source in query.find_all(exp.Table)}
    for name in sorted(read - steps):
        if name not in schemas.TABLES:
            raise SqlModelError(f"{file}: reads {name}, which is neither a table of schemas.TABLES nor a step above it")
    return tuple(sorted(read - steps))


def _parameters(file: str, query: exp.Expr) -> tuple[str, ...]:
    from sqlglot import exp

    names = {parameter.name for parameter in query.find_all(exp.Placeholder)}
    if unknown := sorted(names - PARAMETERS.keys()):
        raise SqlModelError(f"{file}: takes ${unknown[0]}; there are ${', $'.join(PARAMETERS)}")
    return tuple(sorted(names))


def _columns(table: str, sql: str, documented: list[str]) -> dict[str, str]:
    """Output column -> its description, in the file's order. The columns must be those of the table's schema."""
    from sqlglot.errors import OptimizeError

    file = _file(table)
    try:
        names = _qualified(sql).named_selects
    except OptimizeError as error:
        raise SqlModelError(f"{file}: {error}") from None
    model = schemas.TABLES[table].columns()
    if missing := [name for name in model if name not in names]:
        raise SqlModelError(f"{file}: lacks the columns {', '.join(missing)}, which schemas.TABLES[{table!r}] has")
    if extra := [name for name in names if name not in model]:
        raise SqlModelError(f"{file}: has the columns {', '.join(extra)}, which schemas.TABLES[{table!r}] lacks")
    texts = dict(item.split(": ", 1) for item in documented)
    if unknown := sorted(texts.keys() - set(names)):
        raise SqlModelError(f"{file}: its header documents {', '.join(unknown)}, which it has not")
    return {name: texts.get(name) or model[name].description or "" for name in names}


@cache
def _qualified(sql: str) -> exp.Query:
    """The SELECT with every star spelled out and every column under its source. Raises sqlglot's OptimizeError."""
    from sqlglot import parse_one
    from sqlglot.optimizer.qualify import qualify

    query = parse_one(sql, dialect="duckdb")
    return cast("exp.Query", qualify(query, schema=_catalog(), dialect="duckdb", identify=False))


@cache
def _catalog() -> dict[str, object]:
    """Schema -> table -> column -> type, as sqlglot wants it. Types play no part in reading names."""
    catalog: dict[str, dict[str, dict[str, str]]] = {}
    for table, model in schemas.TABLES.items():
        schema, name = table.split(".")
        catalog.setdefault(schema, {})[name] = dict.fromkeys(model.columns(), "varchar")
    return {**catalog}


def _assertion(table: str, text: str) -> Assertion:
    """The SELECT that finds what breaks an assertion, within the months written (`unique`: in the whole table)."""
    from sqlglot import parse_one
    from sqlglot.errors import ParseError

    kind, condition = text.split(": ", 1)
    if kind == "unique":
        sql = f"select {condition}, count(*) as repeats from {table} group by {condition} having count(*) > 1"
    elif kind == "each row":
        sql = f"select * from {table} where {_WINDOW} and ({condition}) is false"
    elif kind.startswith("each "):
        keys = kind.removeprefix("each ")
        sql = f"select {keys} from {table} where {_WINDOW} group by {keys} having ({condition}) is false"
    else:
        raise SqlModelError(f"{_file(table)}: assertion {kind!r} is none of 'unique', 'each row', 'each <columns>'")
    try:
        query = parse_one(sql, dialect="duckdb")
    except ParseError as error:
        raise SqlModelError(f"{_file(table)}: assertion {text!r} is not DuckDB SQL: {error}") from None
    return Assertion(text, sql, _parameters(_file(table), query))
