"""``gateway ledger ...``: the ledger itself, its closed days, their minutes."""

import asyncio
import getpass
import json
import sys
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from deliver import show
from deliver.assembly import opened_ledger, zone_of
from deliver.commands.counter import By, Day, date_of, not_done, told_plainly
from deliver.database import migrate, open_engine
from deliver.proof.chain import ClosedDay
from deliver.proof.closings import Closings
from deliver.proof.day import close_through
from deliver.proof.minutes import Minutes, groups, minutes_pdf
from deliver.proof.prove import Desk
from deliver.proof.settings import ProofSettings
from deliver.proof.verify import verify
from deliver.proof.verify_words import line_of, verdict_json
from deliver.settings import LedgerSettings
from gateway.intake import utc_now
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, GatewaySettings, TopicSettings, read_config

app = typer.Typer(no_args_is_help=True, help="The ledger's schema, its closed days, the minutes.")

#: The past is not what it was.
EXIT_CHANGED = 1
#: Named on the screen; all of them are in --json.
_SHOWN_BREAKS = 50


@app.command("migrate")
def migrate_command() -> None:
    """Bring the ledger's schema up to date. May be run again at any time."""
    with told_plainly():
        config = read_config()
        address = config.load(LedgerSettings).address(config.load(GatewaySettings).data_dir)
        engine = open_engine(address)
        try:
            show.line(f"Buku besar: skema {migrate(engine)}")
        finally:
            engine.dispose()


@app.command("close")
def close_command(day: Day = None, by: By = "") -> None:
    """Close a day (default: yesterday) and every open day before it, and print the hash."""
    with told_plainly():
        config = read_config()
        wanted = date_of(day) or _yesterday(config)
        made = asyncio.run(_close(config, wanted, by or getpass.getuser()))
        for closed in made:
            show.line(f"Hari {closed.day.isoformat()} ditutup: {closed.rows} baris riwayat.")
        _hash(made[-1])


@app.command("verify")
def verify_command(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    paper: Annotated[
        str | None, typer.Option("--paper", help="A hash that was kept on paper, of any day.")
    ] = None,
) -> None:
    """Recompute every closed day. Exit code 1 when the past is not what it was."""
    with told_plainly(), opened_ledger(read_config(), may_migrate=True) as ledger:
        wanted = "".join(paper.split()).lower() if paper is not None else None
        verdict = verify(ledger.engine, wanted)
        if as_json:
            sys.stdout.write(json.dumps(verdict_json(verdict, ledger.queries), indent=2) + "\n")
        elif verdict.intact:
            show.line(f"{verdict.days} hari tertutup, semuanya utuh.")
        else:
            show.line(f"MASA LALU BERUBAH: {len(verdict.breaks)} hal, mulai dari yang pertama:")
            for one in verdict.breaks[:_SHOWN_BREAKS]:
                show.line(f"  {line_of(one, ledger.queries)}")
        if not as_json:
            if verdict.last is not None:
                _hash(verdict.last)
            show.line(f"{verdict.open_lines} baris riwayat sesudahnya belum ditutup.")
    raise typer.Exit(0 if verdict.intact else EXIT_CHANGED)


@app.command("minutes")
def minutes_command(
    to: Annotated[Path, typer.Option("--to", help="The PDF to write.")],
    day: Day = None,
) -> None:
    """Write the minutes (berita acara) of a closed day as one page to print and sign."""
    with told_plainly():
        config = read_config()
        wanted = date_of(day) or _yesterday(config)
        with opened_ledger(config, may_migrate=True) as ledger:
            closed = Closings(ledger.engine).of(wanted)
        if closed is None:
            name = wanted.isoformat()
            not_done(f"hari {name} belum ditutup; jalankan `gateway ledger close --day {name}`")
        minutes = Minutes(
            closed, config.load(ProofSettings), zone_of(config), version("pintu-aduan"), utc_now()
        )
        try:
            to.write_bytes(minutes_pdf(minutes))
        except OSError as fault:
            not_done(f"{to} tidak dapat ditulis ({fault.strerror})")
    show.line(f"Berita acara {wanted.isoformat()} ditulis ke {to}")


async def _close(config: ConfigFile, day: date, by: str) -> list[ClosedDay]:
    topics, zone = config.load(TopicSettings), zone_of(config)
    with opened_ledger(config, may_migrate=True) as ledger:
        async with opened(make_log(config, topics.names)) as event_log:
            settings = config.load(ProofSettings)
            desk = Desk(event_log, topics, ledger, ledger.books, zone, settings)
            return list(await close_through(desk, day, utc_now(), by))


def _yesterday(config: ConfigFile) -> date:
    local: datetime = utc_now().astimezone(zone_of(config))
    return local.date() - timedelta(days=1)


def _hash(closed: ClosedDay) -> None:
    show.line(f"Hash hari {closed.day.isoformat()}; catat di kertas:")
    show.line(f"  {groups(closed.hash)}")
