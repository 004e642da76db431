"""Starts the fake API by itself: `python -m sessions_pipeline.testing FOLDER`."""

from __future__ import annotations

from pathlib import Path

import click

from sessions_pipeline.testing import Behaviour, FakeApi
from sessions_pipeline.testing.behaviour import ENDINGS


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=0, help="Port on this machine. [default: a free one]")
@click.option("--batch-seconds", default=0.0, show_default=True, help="How long a batch takes.")
@click.option("--creation-seconds", default=0.0, show_default=True, help="How long creating a batch takes.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="ENDING=SHARE",
    help=f"Share of requests that end otherwise than with an answer; may be repeated. Endings: {', '.join(ENDINGS)}.",
)
def main(folder: Path, port: int, batch_seconds: float, creation_seconds: float, shares: tuple[str, ...]) -> None:
    """Serve a stand-in for the Claude API on this machine, with its state and billing ledger in FOLDER."""
    ways = {name: float(share) for name, _, share in (text.partition("=") for text in shares)}
    behaviour = Behaviour(batch_seconds=batch_seconds, creation_seconds=creation_seconds, shares=ways)
    with FakeApi(folder, behaviour, port=port) as api:
        click.echo(f"export ANTHROPIC_BASE_URL={api.url} ANTHROPIC_API_KEY=any")
        api.wait()


if __name__ == "__main__":
    main()
