"""What the log tells of answers and attachments, and files on their way into the sandbox."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from compose.lapor_sandbox.api import STORE
from deliver.attachments import AttachmentRow, AttachmentState
from deliver.lapor.v3 import LaporV3
from deliver.ledger import Ledger
from deliver.outcomes import Outcomes
from deliver.passing_on import PassingOn, file_name
from deliver.states import State
from gateway.blobs import BlobMissing, BlobsUnavailable
from gateway.cloudevents import media_record, replied_record
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from normalizer.event import Attachment, Channel, ComplaintEvent
from normalizer.outcome import MediaOutcome, MediaState, ReplyKind, ReplyOutcome, ReplyState
from tests.deliver.making import NOON, at, make_event
from tests.deliver.running import TOPICS, WORKER, Desktop, Sandbox, eventually

PICTURE = b"\xff\xd8 a picture"


@dataclass
class Shelf:
    """Copies in memory; the real stores have a contract test of their own."""

    copies: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    async def get(self, name: str) -> bytes:
        if self.away:
            raise BlobsUnavailable("away")
        if name not in self.copies:
            raise BlobMissing("not there")
        return self.copies[name]


@pytest.fixture
def desktop(event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener) -> Desktop:
    return Desktop(event_log, ledger, sealer, opener)


def reply_outcome(event: ComplaintEvent, **changed: object) -> ReplyOutcome:
    values: dict[str, object] = {
        "complaint_id": event.complaint_id,
        "reference": event.reference,
        "channel": Channel.SMS,
        "account": "1708",
        "kind": ReplyKind.RECEIVED,
        "state": ReplyState.FAILED,
        "reason": "gave_up",
        "at": NOON,
    }
    return ReplyOutcome.model_validate(values | changed)


async def test_outcomes_reach_the_ledger_in_any_order(
    desktop: Desktop, ledger: Ledger, event_log: SqliteLog
) -> None:
    event = make_event(attachments=(Attachment(media_type="image/jpeg", media_id="m"),))
    stored = Attachment(media_type="image/png", media_id="m", sha256="a" * 64)
    media = MediaOutcome(
        complaint_id=event.complaint_id,
        media_id="m",
        state=MediaState.STORED,
        attachment=stored,
        at=NOON,
    )
    sent = reply_outcome(
        event, round=2, state=ReplyState.SENT, reason=None, at=NOON + timedelta(hours=1)
    )
    for outcome in (reply_outcome(event), sent, sent):
        await event_log.append(TOPICS.replied, replied_record(outcome))
    await event_log.append(TOPICS.media, Record(b"k", b"not ours"))
    await event_log.append(TOPICS.media, media_record(media))
    task = asyncio.create_task(Outcomes(event_log, TOPICS, ledger).run())

    async def both() -> bool:
        replies = await asyncio.to_thread(ledger.replies.of, event.complaint_id)
        files = await asyncio.to_thread(ledger.attachments.of, event.complaint_id)
        cursors = await event_log.committed(TOPICS.media, "deliver")
        return len(replies) == 2 and len(files) == 1 and cursors.get(0) == 2

    await eventually(both, "both outcomes")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    ledger.record(event, at(0), NOON, WORKER)
    (file,) = ledger.attachments.of(event.complaint_id)
    assert (file.state, file.media_type) == (AttachmentState.WITHHELD, "image/png")
    (failed,) = ledger.replies.listed([ReplyState.FAILED])
    assert (failed.reference, failed.reason, failed.round) == (event.reference, "gave_up", 1)


def with_files(desktop: Desktop, sandbox: Sandbox, shelf: Shelf) -> tuple[Desktop, LaporV3]:
    target = LaporV3(sandbox.lapor())
    passing_on = PassingOn(
        desktop.ledger.attachments, target, shelf, desktop.opener, 1.0, desktop.now
    )
    return replace(desktop, plan=replace(desktop.plan, passing_on=passing_on)), target


def filed(sealer: Sealer, shelf: Shelf, count: int = 1) -> tuple[Attachment, ...]:
    shelf.copies["copy/" + "b" * 64] = sealer.seal_bytes(PICTURE).encode()
    return tuple(
        Attachment(
            media_type="image/jpeg",
            media_id=f"m{number}",
            name="Sulastri_Invented.jpg",
            sha256="a" * 64,
            copy_sha256="b" * 64,
        )
        for number in range(count)
    )


async def _settled(desktop: Desktop, event: ComplaintEvent) -> Sequence[AttachmentRow]:
    rows: Sequence[AttachmentRow] = ()

    async def there() -> bool:
        nonlocal rows
        rows = await asyncio.to_thread(desktop.ledger.attachments.of, event.complaint_id)
        waiting = (AttachmentState.STORED, AttachmentState.SENDING)
        return bool(rows) and all(row.state not in waiting for row in rows)

    await eventually(there, "files settled")
    return rows


async def test_files_follow_the_entry(desktop: Desktop, sandbox: Sandbox, sealer: Sealer) -> None:
    shelf = Shelf()
    event = make_event(sealer, attachments=filed(sealer, shelf, 2))
    at_work, target = with_files(desktop, sandbox, shelf)
    await at_work.publish(event)
    await target.open()
    async with at_work.working(sandbox.lapor()):
        rows = await _settled(at_work, event)
    await target.close()
    assert [row.state for row in rows] == [AttachmentState.DELIVERED] * 2
    (entered,) = await sandbox.complaints()
    (follow_up,) = await sandbox.app[STORE].followups(entered.tracking_id, 0, 10)
    assert sorted(follow_up.attachments.values()) == ["lampiran-1.jpg", "lampiran-2.jpg"]


async def test_what_is_not_on_the_shelf_is_parked_and_the_entry_stands(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    shelf = Shelf()
    event = make_event(sealer, attachments=filed(sealer, shelf))
    shelf.copies.clear()
    at_work, target = with_files(desktop, sandbox, shelf)
    await at_work.publish(event)
    await target.open()
    async with at_work.working(sandbox.lapor()):
        (row,) = await _settled(at_work, event)
    await target.close()
    assert (row.state, row.reason) == (AttachmentState.PARKED, "BlobMissing")
    await desktop.reaches(event, State.ENTERED)


async def test_no_answer_is_uncertain_and_not_repeated(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    shelf = Shelf()
    event = make_event(sealer, attachments=filed(sealer, shelf))
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    at_work, target = with_files(desktop, sandbox, shelf)
    assert at_work.plan.passing_on is not None
    await target.open()
    sandbox.switch(reset_after_write=True)
    (parcel,) = desktop.ledger.attachments.due(desktop.now(), 10)
    await at_work.plan.passing_on.pass_on(parcel)
    await target.close()
    (row,) = desktop.ledger.attachments.of(event.complaint_id)
    assert (row.state, row.reason) == (AttachmentState.UNKNOWN, "no_answer")
    assert desktop.ledger.attachments.due(desktop.now(), 10) == []


async def test_a_store_that_is_away_is_asked_again(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    shelf = Shelf(away=True)
    event = make_event(sealer, attachments=filed(sealer, shelf))
    at_work, target = with_files(desktop, sandbox, shelf)
    await at_work.publish(event)
    await target.open()

    async def told() -> bool:
        rows = await asyncio.to_thread(at_work.ledger.attachments.of, event.complaint_id)
        return bool(rows) and rows[0].reason == "blobs_unavailable"

    async with at_work.working(sandbox.lapor()):
        await eventually(told, "store away")
        (row,) = at_work.ledger.attachments.of(event.complaint_id)
        assert row.state is AttachmentState.STORED
        assert row.next_try_at is not None
    await target.close()


def test_names_that_leave_tell_nothing(tmp_path: Path) -> None:
    row = AttachmentRow(
        complaint_id=make_event().complaint_id,
        media_id="m",
        position=2,
        state=AttachmentState.STORED,
        state_at=NOON,
        reason=None,
        media_type="application/pdf",
        size_bytes=1,
        sha256="a" * 64,
        copy_sha256="b" * 64,
        attempts=0,
        next_try_at=None,
    )
    assert file_name(row) == "lampiran-2.pdf"
