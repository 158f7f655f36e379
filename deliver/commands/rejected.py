"""``gateway rejected ...``: what did not become a complaint."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from deliver import show
from deliver.acts import Acts
from deliver.commands.asking import Login, PasswordFile, noted, proven_custodian
from deliver.commands.counter import By, Counter, Note, Reason, at_desk, not_done
from deliver.desk import clean_note
from deliver.identity.opening import custodian
from deliver.rejected import (
    BEGAN,
    OPENED,
    RETRIED,
    STILL_UNREADABLE,
    Retry,
    mark_of,
    raw_of,
    rejected_items,
)
from gateway.auth import User
from gateway.blobs import make_blobs
from gateway.lifecycle import opened
from gateway.log import EventLog
from gateway.log.factory import make_log
from gateway.sealing import load_opener
from gateway.settings import SealingSettings, TopicSettings
from normalizer.draft import RejectionReason
from normalizer.event import Channel, RejectedItem

app = typer.Typer(no_args_is_help=True, help="What did not become a complaint: see, try again.")

Id = Annotated[str, typer.Argument(metavar="ID", show_default=False, help="Its first letters do.")]

_MARKS: Mapping[str, str] = {
    BEGAN: "dimulai, belum pasti",
    RETRIED: "sudah diproses ulang",
    STILL_UNREADABLE: "masih tak terbaca",
}


@app.command("list")
def list_command(
    stage: Annotated[Literal["intake", "deliver"] | None, typer.Option()] = None,
    reason: Annotated[RejectionReason | None, typer.Option()] = None,
    channel: Annotated[Channel | None, typer.Option()] = None,
    open_only: Annotated[bool, typer.Option("--open-only", help="Without what was retried.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Every item on the rejected topic, oldest first; never what it says."""
    with at_desk("") as counter:
        marks = mark_of(counter.desk.ledger)
        items = [
            item
            for item in asyncio.run(_items(counter))
            if stage in (None, item.stage)
            and (reason is None or item.reason == reason)
            and channel in (None, item.channel)
            and not (open_only and marks.get(str(item.item_id)) == RETRIED)
        ]
    if as_json:
        found = [_plain(item, marks) for item in items]
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    table = Table("Id", "Diterima", "Kanal", "Akun", "Tahap", "Alasan", "Diproses ulang")
    for item in items:
        mark = _MARKS.get(marks.get(str(item.item_id), ""), "")
        received = item.received_at.isoformat(timespec="seconds")
        table.add_row(
            str(item.item_id), received, item.channel, item.account, item.stage, item.reason, mark
        )
    show.console().print(table)
    show.line(f"{len(items)} kiriman. Coba lagi: gateway rejected retry ID --note CATATAN")


@app.command("show")
def show_command(
    name: Id,
    open_it: Annotated[bool, typer.Option("--open", help="Custodians only; needs --reason.")] = (
        False
    ),
    reason: Reason = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the bytes here.")] = None,
    login: Login = None,
    password_file: PasswordFile = None,
) -> None:
    """What is known of one item; with --open what a provider really sent."""
    with at_desk("") as counter:
        item = _one(asyncio.run(_items(counter)), name)
        if open_it:
            if not clean_note(reason):
                not_done("--open memerlukan --reason: alasan membuka isinya")
            person = proven_custodian(counter.config, login, password_file)
            _open(counter, item, person, clean_note(reason) or "", to)
            return
        for key, value in _plain(item, mark_of(counter.desk.ledger)).items():
            show.line(f"{key}: {value}")
        for act in Acts(counter.desk.ledger).of(BEGAN, RETRIED, STILL_UNREADABLE, OPENED):
            if act.subject == str(item.item_id):
                when = act.at.isoformat(timespec="seconds")
                show.line(f"{when} {act.actor} {act.what}: {act.note or ''}")


@app.command("retry")
def retry_command(
    name: Id,
    again: Annotated[
        bool, typer.Option("--again", help="An earlier try was interrupted or in vain.")
    ] = False,
    by: By = "",
    note: Note = None,
) -> None:
    """Put an item through once more, after what was wrong is mended. Once only."""
    words = clean_note(noted(note)) or ""
    with at_desk(by) as counter:
        asyncio.run(_retry(counter, name, words, again=again))


async def _items(counter: Counter) -> Sequence[RejectedItem]:
    async with _log(counter) as event_log:
        return await rejected_items(event_log, counter.config.load(TopicSettings).rejected)


async def _retry(counter: Counter, name: str, note: str, *, again: bool) -> None:
    topics = counter.config.load(TopicSettings)
    async with _log(counter) as event_log:
        item = _one(await rejected_items(event_log, topics.rejected), name)
        retry = Retry(
            event_log,
            topics,
            counter.desk.ledger,
            load_opener(counter.config.load(SealingSettings).private_key_dir),
            make_blobs(counter.config),
            counter.desk.by,
        )
        kept = await retry.run(item, note, counter.now, again=again)
    show.line(f"{item.item_id}: masuk sebagai {', '.join(str(one) for one in kept)}")


def _open(counter: Counter, item: RejectedItem, person: User, reason: str, to: Path | None) -> None:
    """On record before any key is used; who it is about is not known before it is read."""
    opener = load_opener(counter.config.load(SealingSettings).private_key_dir)
    blobs = make_blobs(counter.config)
    acts = Acts(counter.desk.ledger)
    acts.add(custodian(person), OPENED, counter.now, str(item.item_id), reason)
    private = opener.open(item.sealed)
    raw = asyncio.run(raw_of(private, blobs, opener))
    if to is not None:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        show.line(f"{len(raw)} bita disimpan; hapus berkas itu setelah selesai")
        return
    show.line(f"jenis: {private.raw_media_type}")
    try:
        show.line(raw.decode("utf-8"))
    except UnicodeDecodeError:
        show.line(f"{len(raw)} bita yang bukan teks; simpan dengan --to BERKAS")


def _log(counter: Counter) -> AbstractAsyncContextManager[EventLog]:
    return opened(make_log(counter.config, counter.config.load(TopicSettings).names))


def _one(items: Sequence[RejectedItem], name: str) -> RejectedItem:
    found = [item for item in items if name and str(item.item_id).startswith(name.lower())]
    if len(found) != 1:
        not_done(f"{len(found)} kiriman bernomor {name}; lihat `gateway rejected list`")
    return found[0]


def _plain(item: RejectedItem, marks: Mapping[str, str]) -> Mapping[str, str | None]:
    return {
        "id": str(item.item_id),
        "received_at": item.received_at.isoformat(),
        "channel": item.channel,
        "account": item.account,
        "stage": item.stage,
        "reason": item.reason,
        "retried": marks.get(str(item.item_id)),
    }
