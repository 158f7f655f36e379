"""``gateway lapor ...``: files for LAPOR!'s bulk upload, and the numbers that come back."""

from collections import Counter as Tally
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deliver import show
from deliver.assembly import zone_of
from deliver.bulk import BulkFiles
from deliver.bulk_export import Exports, Written
from deliver.bulk_import import Outcome, Told, take_back
from deliver.commands.asking import noted
from deliver.commands.counter import By, Note, at_desk, not_done
from deliver.lapor.file import MODE, Format
from deliver.lapor.file_back import UnreadableFile, read_back
from deliver.ledger import LedgerConflict
from deliver.settings import DeliverSettings
from gateway.settings import NormalizerSettings

app = typer.Typer(no_args_is_help=True, help="Files for LAPOR!'s bulk upload.")

#: A row of an imported file was not believed; the others were taken.
EXIT_SOME_REFUSED = 1

FileId = Annotated[UUID, typer.Argument(metavar="FILE_ID", show_default=False)]
Directory = Annotated[Path, typer.Option("--to", help="Directory that the file goes into.")]

_COUNTED = {
    Told.ENTERED: "masuk",
    Told.REPEATED: "sudah masuk sebelumnya",
    Told.WAITING: "belum bernomor",
    Told.REFUSED: "ditolak",
}


@app.command("export")
def export_command(
    directory: Directory,
    form: Annotated[Format, typer.Option("--format", help="xlsx or csv.")] = "xlsx",
    limit: Annotated[int, typer.Option(min=1, max=5000, help="Rows at most.")] = 500,
    again: Annotated[
        UUID | None, typer.Option("--again", help="Write this file again; takes nothing new.")
    ] = None,
    by: By = "",
) -> None:
    """Take what waits in hand and write it into one file, in the order of LAPOR!'s form."""
    with at_desk(by) as counter:
        exports = Exports(counter.desk, zone_of(counter.config))
        try:
            if again is not None:
                written: Written | None = exports.again(again, directory, form)
            else:
                mode = counter.config.load(DeliverSettings).mode
                if mode != MODE:
                    not_done(f'mode {mode}: berkas hanya dibuat bila [deliver] mode = "file"')
                written = exports.make(directory, form, limit)
        except OSError as error:
            not_done(f"{directory} tidak dapat ditulisi ({error.strerror})")
        if written is None:
            show.line("Tidak ada pengaduan yang menunggu.")
            return
        _told_written(written)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    by: By = "",
) -> None:
    """Read the tracking ids back, row by row. The same file again changes nothing."""
    try:
        rows = read_back(file)
    except UnreadableFile as fault:
        not_done(str(fault))
    tally: Tally[Told] = Tally()
    with at_desk(by) as counter:
        prefix = counter.config.load(NormalizerSettings).reference_prefix
        for outcome in take_back(counter.desk, rows, prefix):
            tally[outcome.told] += 1
            show.line(_line_of(outcome))
    counts = ", ".join(f"{tally[told]} {words}" for told, words in _COUNTED.items())
    show.line(f"{len(rows)} baris: {counts}")
    raise typer.Exit(EXIT_SOME_REFUSED if tally[Told.REFUSED] else 0)


@app.command("files")
def files_command() -> None:
    """Every file that was made, and how many of its rows still wait for a number."""
    with at_desk("") as counter:
        zone = zone_of(counter.config)
        listed = BulkFiles(counter.desk.ledger).listed()
    for made, waiting in listed:
        when = made.made_at.astimezone(zone).strftime("%d-%m-%Y %H:%M")
        show.line(f"{made.file_id}  {when}  {made.made_by}  {made.rows} baris, {waiting} menunggu")
    show.line(f"{len(listed)} berkas")


@app.command("release")
def release_command(file_id: FileId, by: By = "", note: Note = None) -> None:
    """Give back the rows of a file that were not entered. Only if LAPOR! certainly has none."""
    words = noted(note)
    with at_desk(by) as counter:
        files = BulkFiles(counter.desk.ledger)
        if files.get(file_id) is None:
            not_done(f"tidak ada berkas {file_id}; lihat `gateway lapor files`")
        released = refused = 0
        for row in files.open_rows(file_id):
            try:
                counter.desk.release(row, words)
                released += 1
            except LedgerConflict:
                # Entered or given back just now; what it is says `gateway entry show`.
                refused += 1
        show.line(f"{released} pengaduan dikembalikan" + (f", {refused} tidak" if refused else ""))


def _told_written(written: Written) -> None:
    show.line(f"{len(written.rows)} pengaduan ditulis ke {written.path}")
    if len(written.rows) < written.made.rows:
        left_out = written.made.rows - len(written.rows)
        show.line(f"{left_out} baris tidak ditulis lagi: sudah masuk atau sudah dikembalikan")
    if not written.as_before:
        show.line("Perhatian: isinya tidak sama dengan berkas pertama; buang berkas yang lama")
    if with_files := sum(bool(row.event().attachments) for row in written.rows):
        show.line(
            f"{with_files} pengaduan punya lampiran, yang tidak ikut dalam berkas: "
            "simpan dengan `gateway entry files NOMOR --to DIREKTORI`"
        )
    show.line("Setelah diunggah dan bernomor: gateway lapor import BERKAS")


def _line_of(outcome: Outcome) -> str:
    name = f"{outcome.reference}: " if outcome.reference else ""
    return f"baris {outcome.line}: {name}{outcome.words}"
