"""``gateway entry ...``: see complaints, enter them by hand, settle what is stuck."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deliver import show
from deliver.assembly import zone_of
from deliver.commands.asking import Login, PasswordFile, noted, proven_custodian
from deliver.commands.counter import (
    By,
    Counter,
    Name,
    Note,
    Reason,
    TrackingId,
    at_desk,
    date_of,
    not_done,
    told_plainly,
)
from deliver.commands.places import kecamatan_code
from deliver.desk import MODE
from deliver.entry import make_entry, may_be_named
from deliver.files import save_copies
from deliver.identity.opening import open_identity
from deliver.identity.stripping import ERASED_TEXT
from deliver.lapor.assisted import copy_sheet
from deliver.listing import Cursor, Filter
from deliver.rows import LedgerRow
from deliver.settings import DeliverSettings
from deliver.states import State
from deliver.target import Identity
from gateway.auth import User
from gateway.sealing import load_opener
from gateway.settings import SealingSettings, read_config
from normalizer.event import Channel

app = typer.Typer(no_args_is_help=True, help="See complaints, enter them by hand.")

WithIdentity = Annotated[
    bool, typer.Option("--with-identity", help="Custodians only; needs --reason.")
]

#: What to do in a mode in which nobody takes the next one by hand.
_OTHER_MODES = {
    "v3": "mode v3: worker yang memasukkan ke LAPOR!, bukan operator",
    "xml_stream": "mode xml_stream: worker yang memasukkan ke LAPOR!, bukan operator",
    "file": "mode file: buat berkas dengan `gateway lapor export`, unggah ke LAPOR!, lalu impor "
    "nomornya dengan `gateway lapor import`",
}


@app.command("list")
def list_command(
    state: Annotated[list[State] | None, typer.Option("--state", help="May be repeated.")] = None,
    channel: Annotated[Channel | None, typer.Option("--channel")] = None,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Received on this day.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", help="Kecamatan: its name or its code.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Next page: the last number of this one.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Lines of a page.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What stands in the ledger, oldest first."""
    kecamatan = kecamatan_code(place) if place is not None else None
    wanted = Filter(tuple(state or ()), channel, date_of(day), kecamatan)
    with at_desk("") as counter:
        last = Cursor.after(counter.desk.look_up(after)) if after is not None else None
        rows = counter.desk.ledger.listing.page(wanted, limit, last)
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
    with_identity: WithIdentity = False,
    reason: Reason = None,
    login: Login = None,
    password_file: PasswordFile = None,
) -> None:
    """Take the next waiting complaint in hand and print its sheet for LAPOR!'s form."""
    with told_plainly():
        mode = read_config().load(DeliverSettings).mode
    if mode != MODE:
        not_done(_OTHER_MODES[mode])
    person = _person(with_identity, reason, login, password_file)
    with at_desk(person.user_id if person else by) as counter:
        row = counter.desk.claim_next()
        if row is None:
            show.line("Tidak ada pengaduan yang menunggu.")
            return
        _print_sheet(counter, row, person, reason or "")


@app.command("sheet")
def sheet_command(
    name: Name,
    by: By = "",
    with_identity: WithIdentity = False,
    reason: Reason = None,
    login: Login = None,
    password_file: PasswordFile = None,
) -> None:
    """Print the sheet of one complaint (again); takes nothing in hand."""
    person = _person(with_identity, reason, login, password_file)
    with at_desk(person.user_id if person else by) as counter:
        _print_sheet(counter, counter.desk.look_up(name), person, reason or "")


@app.command("done")
def done_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """It was typed into LAPOR! and got this tracking id."""
    words = noted(note)
    with at_desk(by) as counter:
        row = counter.desk.done(counter.desk.look_up(name), tracking_id, words)
        _told_entered(counter, row)


@app.command("found")
def found_command(name: Name, tracking_id: TrackingId, by: By = "", note: Note = None) -> None:
    """An uncertain or refused one stands in LAPOR! under this tracking id."""
    words = noted(note)
    with at_desk(by) as counter:
        row = counter.desk.found(counter.desk.look_up(name), tracking_id, words)
        _told_entered(counter, row)


@app.command("resend")
def resend_command(name: Name, by: By = "", note: Note = None) -> None:
    """It is certainly not in LAPOR!: enter it (again)."""
    words = noted(note)
    with at_desk(by) as counter:
        row = counter.desk.look_up(name)
        if row.event().text == ERASED_TEXT:
            not_done("isinya sudah dihapus; tidak ada lagi yang dapat dimasukkan")
        _told(counter.desk.resend(row, words))


@app.command("exclude")
def exclude_command(
    name: Name,
    by: By = "",
    note: Annotated[
        str | None, typer.Option("--note", "--reason", help="Why; kept in the history.")
    ] = None,
) -> None:
    """It does not belong into LAPOR!."""
    words = noted(note)
    with at_desk(by) as counter:
        _told(counter.desk.exclude(counter.desk.look_up(name), words))


@app.command("release")
def release_command(name: Name, by: By = "", note: Note = None) -> None:
    """Give back one that was taken in hand and not entered."""
    words = noted(note)
    with at_desk(by) as counter:
        _told(counter.desk.release(counter.desk.look_up(name), words))


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
    words = noted(note) if resend else None
    with at_desk(by) as counter:
        row = counter.desk.look_up(name)
        if resend:
            show.line(f"{counter.desk.send_files_again(row, words)} lampiran dikirim ulang")
        if directory is not None:
            saved = asyncio.run(save_copies(counter.config, counter.desk, row, directory))
            show.line(f"{saved} lampiran disimpan di {directory}")
        show.files(counter.desk.ledger.attachments.of(row.complaint_id))


def _person(
    with_identity: bool, reason: str | None, login: str | None, password_file: Path | None
) -> User | None:
    """The custodian, proved before anything is taken in hand; None when no identity is wanted."""
    if not with_identity:
        return None
    if not reason or not reason.strip():
        not_done("--with-identity memerlukan --reason: alasan membuka identitas")
    with told_plainly():
        return proven_custodian(read_config(), login, password_file)


def _print_sheet(counter: Counter, row: LedgerRow, person: User | None, reason: str) -> None:
    """The identity is opened only after the reason stands in the history."""
    event = row.event()
    entry = make_entry(event, None, zone_of(counter.config))
    if person is not None and may_be_named(event):
        opener = load_opener(counter.config.load(SealingSettings).private_key_dir)
        private = open_identity(counter.desk.ledger, opener, row, person, reason, counter.now)
        entry = replace(entry, reporter=Identity(private.name, private.phone, private.email))
    show.line(copy_sheet(entry, with_identity=person is not None))
    if row.state is State.SENDING:
        show.line(
            f"Setelah selesai: gateway entry done {row.reference} NOMOR_TRACKING --note CATATAN"
        )


def _told_entered(counter: Counter, row: LedgerRow) -> None:
    _told(row)
    if warning := counter.desk.linked_as_well(row):
        show.line(warning)


def _told(row: LedgerRow) -> None:
    show.line(show.standing(row))
