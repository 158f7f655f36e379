"""``python -m connectors.replies``: the process that answers reporters, and its operators' desk.

Without a command it runs the process. It alone holds the key that opens the ways back, and it
opens nothing else. ``gateway reply ...`` hands over to ``list``, ``show`` and ``resend``.
"""

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectors.answering import show
from connectors.answering.assembly import answer, describe, outbox_path
from connectors.answering.desk import Desk, NotDone
from connectors.answering.rows import AnswerState
from gateway.errors import GatewayFault
from gateway.intake import utc_now
from gateway.lifecycle import run_process
from gateway.settings import CONFIG_ENV, NormalizerSettings, read_config
from normalizer.outcome import ReplyKind

#: Nothing was changed.
EXIT_NOT_DONE = 2

#: What somebody may have to do something about.
_OPEN = tuple(state for state in AnswerState if state is not AnswerState.SENT)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Answers to reporters: run the process, see what became of them, send again.",
)

Name = Annotated[str, typer.Argument(metavar="ID_OR_REFERENCE", show_default=False)]


class ResendKind(StrEnum):
    """What an operator can send again."""

    RECEIVED = "received"
    ENTERED = "entered"


@app.callback(invoke_without_command=True)
def start(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="gateway.toml to use.")
    ] = None,
) -> None:
    """Without a command: answer until told to stop."""
    if config is not None:
        os.environ[CONFIG_ENV] = str(config.absolute())
    if ctx.invoked_subcommand is None:
        raise typer.Exit(run_process("replies", answer))


@app.command("list")
def list_command(
    state: Annotated[
        list[AnswerState] | None, typer.Option("--state", help="May be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The oldest so many.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Answers that wait, failed, were held back or have an unknown end; oldest first."""
    with _at_desk() as desk:
        found = desk.listed(state or _OPEN, limit)
    if as_json:
        show.line(json.dumps(show.listed_json(found), indent=2))
    else:
        show.listed(found, limit)


@app.command("show")
def show_command(name: Name) -> None:
    """All answers to one complaint."""
    with _at_desk() as desk:
        item = desk.look_up(name)
        show.one(item, desk.history(item))


@app.command("resend")
def resend_command(
    name: Name,
    note: Annotated[str, typer.Option("--note", help="Why; kept in the history; no names.")],
    kind: Annotated[ResendKind | None, typer.Option("--kind", help="Which answer.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who does it. Default: the login user.")] = "",
) -> None:
    """Send an answer again that has ended: a new round, past the daily cap."""
    with _at_desk() as desk:
        item = desk.look_up(name)
        chosen = None if kind is None else ReplyKind(kind)
        key = desk.send_again(item, chosen, by or getpass.getuser(), note, utc_now())
        show.line(
            f'{item.reference}: jawaban "{show.KIND_LABELS[key.kind]}" dikirim lagi, '
            f"putaran {key.round}"
        )


@app.command("check")
def check_command() -> None:
    """Try settings, templates and keys; one line says how it stands."""
    try:
        show.line(f"✓ replies: {asyncio.run(describe(read_config()))}")
    except GatewayFault as fault:
        show.line(f"✗ replies: {fault}")
        raise typer.Exit(1) from None


@contextmanager
def _at_desk() -> Iterator[Desk]:
    try:
        config = read_config()
        desk = Desk(outbox_path(config), config.load(NormalizerSettings).reference_prefix)
        try:
            yield desk
        finally:
            desk.close()
    except GatewayFault as fault:
        sys.stderr.write(f"gateway: {fault}\n")
        raise typer.Exit(fault.exit_code) from None
    except NotDone as refusal:
        sys.stderr.write(f"Tidak dilakukan: {refusal}\n")
        raise typer.Exit(EXIT_NOT_DONE) from None


if __name__ == "__main__":
    app()
