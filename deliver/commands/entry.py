"""``gateway entry ...``: see complaints, enter them by hand, settle what is stuck."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from deliver import show
from deliver.assembly import zone_of
from deliver.commands.counter import By, Counter, Name, Note, Reason, TrackingId, at_desk, not_done
from deliver.desk import MODE
from deliver.entry import make_entry
from deliver.files import save_copies
from deliver.lapor.assisted import copy_sheet
from deliver.rows import LedgerRow
from deliver.settings import DeliverSettings
from deliver.states import State
from gateway.sealing import load_opener
from gateway.settings import SealingSettings

app = typer.Typer(no_args_is_help=True, help="See complaints, enter them by hand.")


@app.command("list")
def list_command(
    state: Annotated[list[State] | None, typer.Option("--state", help="May be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The oldest so many.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What stands in the ledger, oldest first."""
    with at_desk("") as counter:
        rows = counter.desk.ledger.queries.listed(state or (), limit)
    if as_json:
        sys.stdout.write(json.dumps(show.listed_json(rows), indent=2) + "\n")
    else:
        show.listed(rows, counter.now, limit)


@app.command("show")
def show_command(name: Name) -> None:
    """One complaint and its whole history."""
    with at_desk("") as counter:
        row = counter.desk.look_up(name)
        ledger = counter.desk.ledger
        show.one(
            row,
            ledger.queries.history(row.complaint_id),
            ledger.attachments.of(row.complaint_id),
            ledger.replies.of(row.complaint_id),
        )


@app.command("next")
def next_command(
    by: By = "",
    with_identity: Annotated[bool, typer.Option("--with-identity")] = False,
    reason: Reason = None,
) -> None:
    """Take the next waiting complaint in hand and print its sheet for LAPOR!'s form."""
    with at_desk(by) as counter:
        if counter.config.load(DeliverSettings).mode != MODE:
            not_done("mode v3: worker yang memasukkan ke LAPOR!, bukan operator")
        if with_identity and not reason:
            not_done("--with-identity memerlukan --reason: alasan membuka identitas")
        row = counter.desk.claim_next()
        if row is None:
            show.line("Tidak ada pengaduan yang menunggu.")
            return
        _print_sheet(counter, row, reason if with_identity else None)


@app.command("sheet")
def sheet_command(
    name: Name,
    by: By = "",
    with_identity: Annotated[bool, typer.Option("--with-identity")] = False,
    reason: Reason = None,
) -> None:
    """Print the sheet of one complaint (again); takes nothing in hand."""
    with at_desk(by) as counter:
        if with_identity and not reason:
            not_done("--with-identity memerlukan --reason: alasan membuka identitas")
        _print_sheet(counter, counter.desk.look_up(name), reason if with_identity else None)


@app.command("done")
def done_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """It was typed into LAPOR! and got this tracking id."""
    with at_desk(by) as counter:
        _told(counter.desk.done(counter.desk.look_up(name), tracking_id, note))


@app.command("found")
def found_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """An uncertain or refused one stands in LAPOR! under this tracking id."""
    with at_desk(by) as counter:
        _told(counter.desk.found(counter.desk.look_up(name), tracking_id, note))


@app.command("resend")
def resend_command(name: Name, by: By = "", note: Note = None) -> None:
    """It is certainly not in LAPOR!: enter it (again)."""
    with at_desk(by) as counter:
        _told(counter.desk.resend(counter.desk.look_up(name), note))


@app.command("exclude")
def exclude_command(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the history.")],
    by: By = "",
    note: Note = None,
) -> None:
    """It does not belong into LAPOR!."""
    with at_desk(by) as counter:
        _told(counter.desk.exclude(counter.desk.look_up(name), reason, note))


@app.command("release")
def release_command(name: Name, by: By = "", note: Note = None) -> None:
    """Give back one that was taken in hand and not entered."""
    with at_desk(by) as counter:
        _told(counter.desk.release(counter.desk.look_up(name), note))


@app.command("files")
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
    with at_desk(by) as counter:
        row = counter.desk.look_up(name)
        if resend:
            show.line(f"{counter.desk.send_files_again(row, note)} lampiran dikirim ulang")
        if directory is not None:
            saved = asyncio.run(save_copies(counter.config, counter.desk, row, directory))
            show.line(f"{saved} lampiran disimpan di {directory}")
        show.files(counter.desk.ledger.attachments.of(row.complaint_id))


def _print_sheet(counter: Counter, row: LedgerRow, identity_reason: str | None) -> None:
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
