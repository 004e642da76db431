"""What the commands share: with --json standard output is one document, however a command ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner

from sessions_pipeline.cli import main
from sessions_pipeline.commands.shell import errors, json_flag, stop, tell
from sessions_pipeline.folders import SettingsError


def leaves(command: click.Command, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Every command under `command` that is no group, with what a person types for it."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, *names, name)
    else:
        yield " ".join(names), command


def test_every_command_that_ends_by_itself_takes_json() -> None:
    without = {name for name, command in leaves(main) if not any("--json" in option.opts for option in command.params)}
    assert without == {"ui"}


def refuses() -> None:
    with errors():
        raise SettingsError("min_users is 0; 1 or more is allowed")


@pytest.mark.parametrize(
    ("end", "code", "words", "document"),
    [
        pytest.param(lambda: tell({"n": 1}, ["one"]), 0, "one\n", {"n": 1}, id="well"),
        pytest.param(lambda: stop("nothing", 2, {"n": 0}), 2, "", {"error": "nothing", "n": 0}, id="nothing to do"),
        pytest.param(refuses, 1, "", {"error": "min_users is 0; 1 or more is allowed"}, id="wrong setting"),
    ],
)
def test_standard_output_is_words_or_one_document_and_the_exit_code_is_the_same(
    end: Callable[[], None], code: int, words: str, document: dict[str, object]
) -> None:
    command = click.command()(json_flag(end))
    plain, asked = CliRunner().invoke(command), CliRunner().invoke(command, ["--json"])
    assert (plain.exit_code, plain.stdout) == (code, words)
    assert (asked.exit_code, json.loads(asked.stdout)) == (code, document)
    assert plain.stderr == asked.stderr
