"""All commands of deliver, and the worker itself."""

import os
from pathlib import Path
from typing import Annotated

import typer

from deliver import show
from deliver.assembly import run
from deliver.check import check_deliver
from deliver.commands import entry, identity, lapor, ledger, reconcile, rejected, replay
from deliver.commands.counter import told_plainly
from gateway.lifecycle import run_process
from gateway.settings import CONFIG_ENV, read_config

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Every complaint into LAPOR!, once; and the proof that none is missing.",
)
app.add_typer(entry.app, name="entry")
app.add_typer(identity.app, name="identity")
app.add_typer(rejected.app, name="rejected")
app.add_typer(ledger.app, name="ledger")
app.add_typer(lapor.app, name="lapor")
app.command("reconcile")(reconcile.reconcile_command)
app.command("replay")(replay.replay_command)


@app.callback()
def choose_config(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="gateway.toml to use.")
    ] = None,
) -> None:
    """Remember the settings file for this command."""
    if config is not None:
        os.environ[CONFIG_ENV] = str(config.absolute())


@app.command()
def worker() -> None:
    """Run the worker until it is told to stop."""
    raise typer.Exit(run_process("deliver", run))


@app.command("check")
def check_command() -> None:
    """Try the ledger and LAPOR! and say in plain words what is wrong."""
    with told_plainly():
        well = check_deliver(read_config(), show.line)
    raise typer.Exit(0 if well else 1)
