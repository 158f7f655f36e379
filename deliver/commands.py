"""The operators' commands: ``gateway reconcile``, ``gateway entry ...``, ``gateway ledger ...``."""

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from deliver import show
from deliver.assembly import opened_ledger, run, zone_of
from deliver.check import check_deliver
from deliver.database import migrate, open_engine
from deliver.desk import MODE, Desk
from deliver.entry import make_entry
from deliver.files import save_copies
from deliver.lapor.assisted import copy_sheet
from deliver.ledger import LedgerConflict, Stale
from deliver.reconcile import Period, Report, reconcile
from deliver.rows import LedgerRow
from deliver.settings import DeliverSettings, LedgerSettings
from deliver.states import Actor, State, Who
from gateway.errors import GatewayFault
from gateway.intake import utc_now
from gateway.lifecycle import opened, run_process
from gateway.log.factory import make_log
from gateway.sealing import load_opener
from gateway.settings import (
    CONFIG_ENV,
    ConfigFile,
    GatewaySettings,
    SealingSettings,
    TopicSettings,
    read_config,
)
from normalizer.event import Channel

#: The state machine or the numbers do not allow it; nothing was changed.
EXIT_NOT_DONE = 2
#: The equation does not hold.
EXIT_UNACCOUNTED = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Every complaint into LAPOR!, once; and the proof that none is missing.",
)
entry_app = typer.Typer(no_args_is_help=True, help="See complaints, enter them by hand.")
ledger_app = typer.Typer(no_args_is_help=True, help="The ledger's schema.")
app.add_typer(entry_app, name="entry")
app.add_typer(ledger_app, name="ledger")

Name = Annotated[str, typer.Argument(metavar="ID_OR_REFERENCE", show_default=False)]
TrackingId = Annotated[str, typer.Argument(metavar="TRACKING_ID", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who does it. Default: the login user.")]
Note = Annotated[str | None, typer.Option("--note", help="Kept in the history; no names.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept in the history.")]


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
    with _told_plainly():
        well = check_deliver(read_config(), show.line)
    raise typer.Exit(0 if well else 1)


@app.command("reconcile")
def reconcile_command(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    channel: Annotated[Channel | None, typer.Option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Received = entered + linked + ...: per channel and day. Exit code 1 if one is missing."""
    period = Period(_date(day or first), _date(day or last), channel)
    with _told_plainly():
        report = asyncio.run(_reconcile(read_config(), period))
    if as_json:
        sys.stdout.write(json.dumps(show.report_json(report), indent=2) + "\n")
    else:
        show.report(report)
    raise typer.Exit(0 if report.balanced else EXIT_UNACCOUNTED)


@ledger_app.command("migrate")
def migrate_command() -> None:
    """Bring the ledger's schema up to date. May be run again at any time."""
    with _told_plainly():
        config = read_config()
        address = config.load(LedgerSettings).address(config.load(GatewaySettings).data_dir)
        engine = open_engine(address)
        try:
            show.line(f"Buku besar: skema {migrate(engine)}")
        finally:
            engine.dispose()


@entry_app.command("list")
def list_command(
    state: Annotated[list[State] | None, typer.Option("--state", help="May be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The oldest so many.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What stands in the ledger, oldest first."""
    with _at_desk("") as counter:
        rows = counter.desk.ledger.queries.listed(state or (), limit)
    if as_json:
        sys.stdout.write(json.dumps(show.listed_json(rows), indent=2) + "\n")
    else:
        show.listed(rows, counter.now, limit)


@entry_app.command("show")
def show_command(name: Name) -> None:
    """One complaint and its whole history."""
    with _at_desk("") as counter:
        row = counter.desk.look_up(name)
        ledger = counter.desk.ledger
        show.one(
            row,
            ledger.queries.history(row.complaint_id),
            ledger.attachments.of(row.complaint_id),
            ledger.replies.of(row.complaint_id),
        )


@entry_app.command("next")
def next_command(
    by: By = "",
    with_identity: Annotated[bool, typer.Option("--with-identity")] = False,
    reason: Reason = None,
) -> None:
    """Take the next waiting complaint in hand and print its sheet for LAPOR!'s form."""
    with _at_desk(by) as counter:
        if counter.config.load(DeliverSettings).mode != MODE:
            _not_done("mode v3: worker yang memasukkan ke LAPOR!, bukan operator")
        if with_identity and not reason:
            _not_done("--with-identity memerlukan --reason: alasan membuka identitas")
        row = counter.desk.claim_next()
        if row is None:
            show.line("Tidak ada pengaduan yang menunggu.")
            return
        _print_sheet(counter, row, reason if with_identity else None)


@entry_app.command("sheet")
def sheet_command(
    name: Name,
    by: By = "",
    with_identity: Annotated[bool, typer.Option("--with-identity")] = False,
    reason: Reason = None,
) -> None:
    """Print the sheet of one complaint (again); takes nothing in hand."""
    with _at_desk(by) as counter:
        if with_identity and not reason:
            _not_done("--with-identity memerlukan --reason: alasan membuka identitas")
        _print_sheet(counter, counter.desk.look_up(name), reason if with_identity else None)


@entry_app.command("done")
def done_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """It was typed into LAPOR! and got this tracking id."""
    with _at_desk(by) as counter:
        _told(counter.desk.done(counter.desk.look_up(name), tracking_id, note))


@entry_app.command("found")
def found_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """An uncertain or refused one stands in LAPOR! under this tracking id."""
    with _at_desk(by) as counter:
        _told(counter.desk.found(counter.desk.look_up(name), tracking_id, note))


@entry_app.command("resend")
def resend_command(name: Name, by: By = "", note: Note = None) -> None:
    """It is certainly not in LAPOR!: enter it (again)."""
    with _at_desk(by) as counter:
        _told(counter.desk.resend(counter.desk.look_up(name), note))


@entry_app.command("exclude")
def exclude_command(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the history.")],
    by: By = "",
    note: Note = None,
) -> None:
    """It does not belong into LAPOR!."""
    with _at_desk(by) as counter:
        _told(counter.desk.exclude(counter.desk.look_up(name), reason, note))


@entry_app.command("release")
def release_command(name: Name, by: By = "", note: Note = None) -> None:
    """Give back one that was taken in hand and not entered."""
    with _at_desk(by) as counter:
        _told(counter.desk.release(counter.desk.look_up(name), note))


@entry_app.command("files")
def files_command(
    name: Name,
    directory: Annotated[
        Path | None, typer.Option("--to", help="Write the copies that may leave the house here.")
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="LAPOR! does not have them: send them again.")
    ] = False,
    by: By = "",
    note: Note = None,
) -> None:
    """The attachments of one complaint: save them for LAPOR!'s form, or send them again."""
    with _at_desk(by) as counter:
        row = counter.desk.look_up(name)
        if resend:
            show.line(f"{counter.desk.send_files_again(row, note)} lampiran dikirim ulang")
        if directory is not None:
            saved = asyncio.run(save_copies(counter.config, counter.desk, row, directory))
            show.line(f"{saved} lampiran disimpan di {directory}")
        show.files(counter.desk.ledger.attachments.of(row.complaint_id))


@dataclass(frozen=True, slots=True)
class _Counter:
    config: ConfigFile
    desk: Desk
    now: datetime


@contextmanager
def _at_desk(by: str) -> Iterator[_Counter]:
    with _told_plainly():
        config = read_config()
        with opened_ledger(config, may_migrate=True) as ledger:
            actor = Actor(Who.OPERATOR, by or getpass.getuser())
            yield _Counter(config, Desk(ledger, actor, utc_now), utc_now())


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except GatewayFault as fault:
        sys.stderr.write(f"gateway: {fault}\n")
        raise typer.Exit(fault.exit_code) from None
    except Stale:
        _not_done("keadaannya baru saja berubah; lihat `gateway entry show` lalu ulangi")
    except LedgerConflict as conflict:
        _not_done(str(conflict))


def _not_done(why: str) -> NoReturn:
    sys.stderr.write(f"Tidak dilakukan: {why}\n")
    raise typer.Exit(EXIT_NOT_DONE)


def _print_sheet(counter: _Counter, row: LedgerRow, identity_reason: str | None) -> None:
    """The identity is opened only after the reason stands in the history."""
    opener = None
    if identity_reason is not None:
        opener = load_opener(counter.config.load(SealingSettings).private_key_dir)
        counter.desk.identity_shown(row, identity_reason)
    entry = make_entry(row.event(), opener, zone_of(counter.config))
    show.line(copy_sheet(entry, with_identity=opener is not None))
    if row.state is State.SENDING:
        show.line(f"Setelah selesai: gateway entry done {row.reference} NOMOR_TRACKING")


def _told(row: LedgerRow) -> None:
    show.line(show.standing(row))


async def _reconcile(config: ConfigFile, period: Period) -> Report:
    topics = config.load(TopicSettings)
    with opened_ledger(config, may_migrate=True) as ledger:
        async with opened(make_log(config, topics.names)) as event_log:
            return await reconcile(event_log, topics, ledger.queries, zone_of(config), period)


def _date(value: datetime | None) -> date | None:
    return value.date() if value is not None else None
