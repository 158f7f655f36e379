"""``gateway identity ...``: who complained, for custodians; and erasing it for good."""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deliver import show
from deliver.acts import Acts
from deliver.assembly import zone_of
from deliver.commands.asking import Login, PasswordFile, confirmed, noted, proven_custodian
from deliver.commands.counter import Counter, Name, Reason, at_desk, not_done
from deliver.desk import clean_note
from deliver.identity.erasing import Asked, Erasing, Wish, erase_all, sort_out
from deliver.identity.files import ErasedFiles, delete_left
from deliver.identity.letter import as_csv, as_letter, in_lapor
from deliver.identity.opening import custodian, open_identity
from deliver.identity.retention import make_retention
from deliver.identity.tombstones import Tombstones
from deliver.rows import LedgerRow
from gateway.auth import User
from gateway.blobs import BlobsUnavailable, make_blobs
from gateway.sealing import load_opener
from gateway.settings import SealingSettings
from normalizer.event import PrivatePart

app = typer.Typer(no_args_is_help=True, help="Who complained: open it, erase it. Custodians only.")

_FIELDS = {
    "name": "Nama",
    "phone": "Telepon",
    "email": "E-mail",
    "handle": "Akun",
    "postal_address": "Alamat",
    "nik": "NIK",
    "original_title": "Judul asli",
    "original_text": "Teks asli",
}


@app.command("show")
def show_command(
    name: Name,
    reason: Reason = None,
    login: Login = None,
    password_file: PasswordFile = None,
) -> None:
    """Who complained. Who looks, when and why is in the history before it is shown."""
    words = _required(reason)
    with at_desk("") as counter:
        row = counter.desk.look_up(name)
        person = proven_custodian(counter.config, login, password_file)
        opener = load_opener(counter.config.load(SealingSettings).private_key_dir)
        private = open_identity(counter.desk.ledger, opener, row, person, words, counter.now)
    _print(row, private)


@app.command("erase")
def erase_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID_OR_REFERENCE]...")] = None,
    reporter_key: Annotated[
        str | None, typer.Option("--reporter-key", help="Every complaint of this key.")
    ] = None,
    like: Annotated[
        str | None, typer.Option("--like", help="Every complaint of this one's reporter.")
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="A file with an id or number in each line.")
    ] = None,
    with_text: Annotated[bool, typer.Option("--with-text", help="Title and text too.")] = False,
    enter_anonymously: Annotated[
        bool,
        typer.Option("--enter-anonymously", help="What is not in LAPOR! yet goes without a name."),
    ] = False,
    letter: Annotated[
        Path | None, typer.Option("--letter", help="What LAPOR! has: .csv a table, else a letter.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Reason = None,
    login: Login = None,
    password_file: PasswordFile = None,
) -> None:
    """Erase who complained, for good; a tombstone stays. Exit code 2 if some could not go."""
    words = None if dry_run else _required(reason)
    wish = Wish(with_text, enter_anonymously)
    with at_desk("") as counter:
        person = proven_custodian(counter.config, login, password_file)
        erasing = _erasing(counter)
        asked = sort_out(erasing, _chosen(counter, names, reporter_key, like, listed), wish)
        _tell_plan(asked)
        if not dry_run and words is not None and asked.going:
            confirmed(f"{len(asked.going)} identitas dihapus selamanya.", "HAPUS", yes=yes)
            asked = _erase(counter, erasing, asked, person, words, wish)
        if letter is not None and not (dry_run and not asked.going):
            _write_letter(counter, letter, asked.going)
    raise typer.Exit(2 if asked.staying else 0)


@app.command("list")
def list_command(
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"])] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The tombstones: keep this list apart from the backups, to repeat erasures after a restore."""
    with at_desk("") as counter:
        moment = since.replace(tzinfo=zone_of(counter.config)) if since is not None else None
        found = Tombstones(counter.desk.ledger).listed(moment)
    if as_json:
        plain = [
            {"id": str(one.complaint_id), "at": one.at.isoformat(), "by": one.by, "why": one.reason}
            for one in found
        ]
        sys.stdout.write(json.dumps(plain, indent=2) + "\n")
        return
    for one in found:
        when = one.at.isoformat(timespec="seconds")
        show.line(f"{one.complaint_id} {when} {one.by}: {one.reason}")
    show.line(f"{len(found)} identitas dihapus")


@app.command("retention")
def retention_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
) -> None:
    """Do now what the worker does every hour: erase what `[retention]` no longer allows."""
    with at_desk("") as counter:
        retention = make_retention(counter.config, counter.desk.ledger, counter.desk.by)
        days = retention.settings.identity_days
        if days is None:
            not_done("[retention] identity_days tidak diatur; tidak ada yang dihapus sendiri")
        if dry_run:
            show.line(f"paling sedikit {retention.due()} identitas lebih tua dari {days} hari")
            return
        show.line(f"{asyncio.run(retention.once())} identitas dihapus")


def _required(reason: str | None) -> str:
    words = clean_note(noted(reason))
    return words if words else not_done("alasan wajib diisi: tambahkan --reason")


def _print(row: LedgerRow, private: PrivatePart) -> None:
    show.line(f"{row.reference}: pembukaan ini tercatat dalam riwayat")
    if row.event().hide_identity:
        show.line("PERHATIAN: pelapor meminta identitasnya disembunyikan")
    for field, label in _FIELDS.items():
        value = getattr(private, field)
        if value:
            show.line(f"{label}: {value}")


def _erasing(counter: Counter) -> Erasing:
    key_dir = counter.config.load(SealingSettings).private_key_dir
    return Erasing(counter.desk.ledger, load_opener(key_dir))


def _chosen(
    counter: Counter,
    names: Sequence[str] | None,
    reporter_key: str | None,
    like: str | None,
    listed: Path | None,
) -> Sequence[LedgerRow]:
    wanted = list(names or ())
    if listed is not None:
        try:
            lines = listed.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            not_done(f"{listed} tidak dapat dibaca ({error.strerror})")
        wanted += [line.split()[0] for line in lines if line.strip()]
    rows = [counter.desk.look_up(name) for name in wanted]
    tombstones = Tombstones(counter.desk.ledger)
    if like is not None:
        # Without a key of its own a complaint's lane is its id: then it is the only one.
        rows += tombstones.of_reporter(counter.desk.look_up(like).lane)
    if reporter_key is not None:
        rows += tombstones.of_reporter(reporter_key)
    if not rows:
        not_done(
            "tidak ada pengaduan yang dimaksud; sebutkan nomor, --like, --reporter-key, --list"
        )
    return list({row.complaint_id: row for row in rows}.values())


def _tell_plan(asked: Asked) -> None:
    for row in asked.going:
        show.line(show.standing(row))
    for row, why in asked.staying:
        show.line(f"{show.standing(row)} — TIDAK DIHAPUS: {why}")
    there = in_lapor(asked.going)
    show.line(f"{len(asked.going)} dapat dihapus; {len(there)} ada atau mungkin ada di LAPOR!")


def _erase(
    counter: Counter, erasing: Erasing, asked: Asked, person: User, words: str, wish: Wish
) -> Asked:
    ledger = counter.desk.ledger
    actor = custodian(person)
    done = erase_all(erasing, asked, actor, words, counter.now, wish)
    note = f"{words} ({len(done.going)} dihapus, {len(done.staying)} tidak)"
    Acts(ledger).add(actor, "identity_erased", counter.now, None, note)
    for row, why in done.staying[len(asked.staying) :]:
        show.line(f"{row.reference} — TIDAK DIHAPUS: {why}")
    show.line(f"{len(done.going)} identitas dihapus")
    try:
        asyncio.run(delete_left(ErasedFiles(ledger), make_blobs(counter.config)))
    except BlobsUnavailable:
        show.line("Penyimpanan lampiran tidak menjawab; worker menghapus berkasnya nanti.")
    return done


def _write_letter(counter: Counter, path: Path, rows: Sequence[LedgerRow]) -> None:
    day = counter.now.astimezone(zone_of(counter.config)).date()
    text = as_csv(rows) if path.suffix == ".csv" else as_letter(rows, day)
    path.write_text(text, encoding="utf-8")
    show.line(f"daftar untuk pengelola LAPOR!: {path}")
