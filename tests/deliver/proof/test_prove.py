"""Whatever is dropped anywhere is named within one run, and what is in order is not."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import apsw
import pytest

from deliver.ledger import Ledger
from deliver.proof.findings import Finding, Kind
from deliver.proof.period import Period
from deliver.proof.prove import prove
from deliver.proof.words import advice_of, what_of
from deliver.states import Actor, State, Who
from gateway.cloudevents import rejected_record
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Sealer
from normalizer.count import SourceCount
from normalizer.event import Channel, ComplaintEvent, RejectedItem, SourceNumber
from tests.deliver.making import NOON, at, make_event
from tests.deliver.proof.conftest import desk_of, proof_of, tamper
from tests.deliver.running import TOPICS, WORKER, Desktop, Sandbox, eventually

OPERATOR = Actor(Who.OPERATOR, "operator")


async def settle(desktop: Desktop, sandbox: Sandbox, *events: ComplaintEvent) -> None:
    """Publish, and let the worker enter all of it and tell everybody."""
    await desktop.publish(*events)

    async def done() -> bool:
        rows = [desktop.ledger.queries.get(event.complaint_id) for event in events]
        return all(row is not None and row.receipt_published_at is not None for row in rows)

    async with desktop.working(sandbox.lapor()):
        await eventually(done, "all entered")


def kinds(found: Sequence[Finding]) -> list[Kind]:
    return [one.kind for one in found]


def only(found: Sequence[Finding], kind: Kind) -> Finding:
    """The one finding, which must tell a person what and what to do."""
    assert kinds(found) == [kind]
    assert what_of(found[0])
    assert advice_of(found[0])
    return found[0]


def numbered(event: ComplaintEvent, number: int) -> ComplaintEvent:
    return event.model_copy(update={"source_numbers": (SourceNumber(number=number),)})


async def count(desktop: Desktop, **said: object) -> None:
    values: dict[str, object] = {"channel": Channel.SMS, "account": "1708", "counted_at": NOON}
    told = SourceCount.model_validate(values | said)
    await desktop.event_log.append(TOPICS.counted, Record(b"k", told.to_bytes(), ()))


async def test_everything_in_order(desktop: Desktop, sandbox: Sandbox, sealer: Sealer) -> None:
    first, second = numbered(make_event(sealer), 1), numbered(make_event(sealer), 2)
    await settle(desktop, sandbox, first)
    # Counted, on the log, and not yet taken: it waits, and nothing is missing.
    await desktop.publish(second)
    await count(desktop, numbers=((1, 2),))
    found = await proof_of(desktop)
    assert found.balanced
    assert found.from_earlier_log == 0
    (line,) = found.sources
    assert (line.listed, line.accounted, line.missing) == (2, 2, 0)
    assert found.report.total() == (2, {"entered": 1, "waiting": 1})


async def test_a_skipped_number_is_named(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    await settle(desktop, sandbox, numbered(make_event(sealer), 1), numbered(make_event(sealer), 3))
    await count(desktop, numbers=((1, 3),))
    found = only((await proof_of(desktop)).findings, Kind.NUMBER_MISSING)
    assert (found.where, found.channel, found.account) == ("2", Channel.SMS, "1708")
    waiting = await prove(desk_of(desktop, 10**9), Period(), datetime.now(UTC))
    assert waiting.balanced
    assert waiting.sources[0].waiting == 1


async def test_an_item_that_only_the_provider_has_is_named(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    here, lost = make_event(sealer), uuid4()
    await settle(desktop, sandbox, here)
    await count(desktop, items=(here.complaint_id, lost))
    assert only((await proof_of(desktop)).findings, Kind.ITEM_MISSING).item_id == lost


async def test_a_slip_that_was_counted_and_not_typed_is_named(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    slips = [
        make_event(sealer, channel=Channel.COMPLAINT_BOX).model_copy(update={"batch": "K1/a"})
        for _ in range(2)
    ]
    await settle(desktop, sandbox, slips[0])
    await desktop.publish(slips[1])
    await count(desktop, channel=Channel.COMPLAINT_BOX, account="K1", scope="K1/a", amount=3)
    found = only((await proof_of(desktop)).findings, Kind.AMOUNT_SHORT)
    assert found.where == "3 dihitung, 2 tercatat"


async def test_a_rejected_item_accounts_for_its_number_for_ever(
    desktop: Desktop, sealer: Sealer, tmp_path: Path
) -> None:
    item = RejectedItem(
        item_id=uuid4(),
        channel=Channel.SMS,
        account="1708",
        received_at=NOON,
        stage="intake",
        reason="unreadable",
        sealed="a.b.c.d.e",
        source_numbers=(SourceNumber(number=4),),
    )
    await desktop.event_log.append(TOPICS.rejected, rejected_record(item))
    await count(desktop, numbers=((4, 4),))
    assert (await proof_of(desktop)).balanced
    # The rejected topic has forgotten; the ledger has not.
    forget_on_log(tmp_path, 0, TOPICS.rejected)
    assert (await proof_of(desktop)).balanced


async def test_a_deleted_ledger_row_is_named_once(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    kept, lost = make_event(sealer), make_event(sealer)
    await settle(desktop, sandbox, kept, lost)
    forget(desktop.ledger, lost.complaint_id)
    proof = await proof_of(desktop)
    found = only(proof.findings, Kind.LEDGER_ROW_MISSING)
    assert (found.reference, found.item_id) == (lost.reference, lost.complaint_id)
    assert [one.item_id for one in proof.report.unaccounted] == [lost.complaint_id]


def forget(ledger: Ledger, complaint_id: UUID) -> None:
    tamper(ledger, "DELETE FROM complaint WHERE complaint_id = :id", id=str(complaint_id))


async def test_a_deleted_row_that_the_log_forgot_too_is_named_by_its_history(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    lost = make_event(sealer)
    await settle(desktop, sandbox, lost)
    forget(desktop.ledger, lost.complaint_id)
    forget_on_log(tmp_path, 0)
    found = only((await proof_of(desktop)).findings, Kind.COMPLAINT_MISSING)
    assert (found.item_id, found.where) == (lost.complaint_id, State.ENTERED)


def forget_on_log(tmp_path: Path, offset: int, name: str = TOPICS.accepted) -> None:
    """Take a record out of the embedded log."""
    # By the log's own library: two in one process undo each other's locks.
    with closing(apsw.Connection(str(tmp_path / "log.db"))) as log:
        topic = log.execute("SELECT id FROM topic WHERE name = ?", (name,)).get
        log.execute("DELETE FROM record WHERE place = ?", ((topic << 48) | offset,))
        assert log.changes() == 1


@pytest.mark.parametrize("offset", [0, 1, 2])
async def test_a_deleted_log_row_is_named_wherever_it_stood(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path, offset: int
) -> None:
    now = datetime.now(UTC)
    events = [make_event(sealer, received_at=now) for _ in range(3)]
    await settle(desktop, sandbox, *events)
    forget_on_log(tmp_path, offset)
    found = only((await proof_of(desktop)).findings, Kind.LOG_ROW_MISSING)
    assert found.reference == events[offset].reference
    assert found.where == f"{TOPICS.accepted}/0/{offset}"


async def test_what_retention_took_is_no_loss_and_a_hole_behind_it_is(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    # Received in March, and the test runs later: beyond the thirty days of the topic.
    events = [make_event(sealer) for _ in range(4)]
    await settle(desktop, sandbox, *events)
    forget_on_log(tmp_path, 0)
    assert (await proof_of(desktop)).balanced
    forget_on_log(tmp_path, 2)
    found = only((await proof_of(desktop)).findings, Kind.LOG_ROW_MISSING)
    assert found.reference == events[2].reference


async def test_a_new_log_under_an_old_ledger_is_no_loss(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    await settle(desktop, sandbox, *(make_event(sealer, received_at=now) for _ in range(2)))
    other = SqliteLog(tmp_path / "other.db")
    await other.open()
    try:
        await other.create_topics(TOPICS.specs())
        moved = Desktop(other, desktop.ledger, desktop.sealer, desktop.opener)
        empty = await proof_of(moved)
        assert (empty.balanced, empty.from_earlier_log) == (True, 2)
        await moved.publish(make_event(sealer, received_at=now))
        begun = await proof_of(moved)
        assert (begun.balanced, begun.from_earlier_log) == (True, 2)
    finally:
        await other.close()


async def test_a_repeat_keeps_what_the_first_record_said(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    event = make_event(sealer)
    await settle(desktop, sandbox, event, make_event(sealer), event)
    forget_on_log(tmp_path, 0)
    assert (await proof_of(desktop)).balanced


BREAKS = {
    Kind.NO_BEGINNING: "DELETE FROM transition WHERE complaint_id = :id AND from_state IS NULL",
    Kind.HOLE_IN_HISTORY: (
        "DELETE FROM transition WHERE complaint_id = :id AND to_state = 'sending'"
    ),
    Kind.STATE_WITHOUT_HISTORY: "UPDATE complaint SET state = 'excluded' WHERE complaint_id = :id",
    Kind.ENTERED_WITHOUT_NUMBER: "UPDATE complaint SET tracking_id = NULL WHERE complaint_id = :id",
    Kind.RECEIPT_OWED: "UPDATE complaint SET receipt_published_at = NULL WHERE complaint_id = :id",
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_history_is_named(any_ledger: Ledger, kind: Kind) -> None:
    whole, broken = (entered(any_ledger, offset) for offset in (0, 1))
    later = NOON + timedelta(days=1)
    assert list(any_ledger.books.flawed(Period(), later)) == []
    tamper(any_ledger, BREAKS[kind], id=str(broken))
    (found,) = any_ledger.books.flawed(Period(), later)
    assert (found.flaw.value, found.complaint_id) == (kind, broken)
    assert any_ledger.books.flawed(Period(channel=Channel.EMAIL), later) == []
    assert whole != broken


def entered(ledger: Ledger, offset: int) -> UUID:
    """A complaint with its receipt told, a note in between, and its number."""
    event = make_event()
    row, _ = ledger.record(event, at(offset), NOON, WORKER)
    claimed = ledger.claim(row, WORKER, NOON, NOON + timedelta(minutes=5), "v3")
    assert claimed is not None
    ledger.note(event.complaint_id, OPERATOR, "looked_at", NOON)
    ledger.move(claimed, State.ENTERED, WORKER, "entered", NOON, tracking_id=str(9000000 + offset))
    (receipt,) = ledger.queries.missing_receipts()
    ledger.receipt_published(receipt, NOON)
    return event.complaint_id


def test_a_receipt_that_is_owed_since_just_now_is_only_late(any_ledger: Ledger) -> None:
    broken = entered(any_ledger, 0)
    tamper(any_ledger, BREAKS[Kind.RECEIPT_OWED], id=str(broken))
    assert list(any_ledger.books.flawed(Period(), NOON)) == []


def test_a_history_without_its_complaint(any_ledger: Ledger) -> None:
    lost = entered(any_ledger, 0)
    entered(any_ledger, 1)
    assert list(any_ledger.books.orphans()) == []
    forget(any_ledger, lost)
    (orphan,) = any_ledger.books.orphans()
    assert (orphan.complaint_id, orphan.first_at, orphan.last_state) == (lost, NOON, State.ENTERED)


def test_a_row_that_was_lost_and_taken_again_is_in_order(any_ledger: Ledger) -> None:
    event = make_event()
    any_ledger.record(event, at(0), NOON, WORKER)
    forget(any_ledger, event.complaint_id)
    assert len(any_ledger.books.orphans()) == 1
    any_ledger.record(event, at(0), NOON, WORKER)
    assert list(any_ledger.books.orphans()) == []
    assert list(any_ledger.books.flawed(Period(), NOON + timedelta(days=1))) == []
