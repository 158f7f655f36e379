"""``gateway replay``: the log through the ledger again."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from deliver import show
from deliver.acts import Acts
from deliver.assembly import zone_of
from deliver.commands.asking import noted
from deliver.commands.counter import By, Counter, Note, at_desk, not_done
from deliver.desk import clean_note
from deliver.labels import STATE_LABELS
from deliver.replaying import Outcome, Replay, Replayed
from gateway.intake import utc_now
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.settings import TopicSettings

_LABELS = {
    Outcome.NEW: "hilang dari buku besar",
    Outcome.REPEAT: "sudah ada, tidak berubah",
    Outcome.CONFLICT: "sudah ada dengan isi lain (lihat riwayatnya)",
    Outcome.WAITING: "belum dibaca worker",
    Outcome.UNREADABLE: "tak terbaca (lihat `gateway rejected list`)",
}


def replay_command(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="The ledger is an older copy: whatever is missing may be in LAPOR! already.",
        ),
    ] = False,
    by: By = "",
    note: Note = None,
) -> None:
    """Take the log of these days through the ledger again: brings back rows that were lost.

    What the ledger has stays as it is; nothing is sent again that LAPOR! may have.
    """
    if first > last:
        not_done("--from harus sebelum atau sama dengan --to")
    words = None if dry_run else noted(note)
    with at_desk(by) as counter:
        found = asyncio.run(_replay(counter, first, last, uncertain=uncertain, dry=dry_run))
        if words is not None:
            told = ", ".join(f"{outcome} {count}" for outcome, count in found.counts.items())
            Acts(counter.desk.ledger).add(
                counter.desk.by,
                "replayed",
                utc_now(),
                f"{first.date().isoformat()}..{last.date().isoformat()}",
                f"{clean_note(words)} ({told or 'kosong'})",
            )
    _tell(found, dry=dry_run)


async def _replay(
    counter: Counter, first: datetime, last: datetime, *, uncertain: bool, dry: bool
) -> Replayed:
    topics = counter.config.load(TopicSettings)
    async with opened(make_log(counter.config, topics.names)) as event_log:
        replay = Replay(
            event_log,
            topics,
            counter.desk.ledger,
            zone_of(counter.config),
            first.date(),
            last.date(),
            counter.desk.by,
            utc_now,
            uncertain,
        )
        return await replay.run(dry=dry)


def _tell(found: Replayed, *, dry: bool) -> None:
    for outcome, label in _LABELS.items():
        show.line(f"{found.counts[outcome]:>7} {label}")
    for lost in found.lost:
        number = f", tracking id {lost.tracking_id}" if lost.tracking_id else ""
        state = STATE_LABELS[lost.state]
        show.line(f"  {lost.reference} {lost.complaint_id} → {state}{number}")
    if dry:
        show.line("Hanya dilihat; tidak ada yang diubah.")
    elif found.lost:
        show.line("Yang belum pasti: periksa di LAPOR!, lalu `gateway entry found` atau `resend`.")
