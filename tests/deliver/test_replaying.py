"""A replay changes nothing, and brings back what the ledger lost without entering it twice."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from deliver.acts import Acts
from deliver.ledger import Ledger
from deliver.replaying import Outcome, Replay
from deliver.states import Actor, State, Who
from deliver.tables import bulk_row, metadata
from gateway.cloudevents import entered_record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from normalizer.event import ComplaintEvent, EntryReceipt
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import NOON, make_event
from tests.deliver.running import TOPICS, Desktop, Sandbox
from tests.deliver.test_commands import Office

WATI = Actor(Who.OPERATOR, "wati")
DAY = date(2026, 3, 2)


@pytest.fixture
def office(tmp_path: Path, key_dir: Path) -> Office:
    return Office(tmp_path, key_dir)


def replay(event_log: SqliteLog, ledger: Ledger, **changes: Any) -> Replay:
    made = Replay(event_log, TOPICS, ledger, JAKARTA, DAY, DAY, WATI, lambda: NOON)
    return replace(made, **changes)


def dumped(ledger: Ledger) -> dict[str, list[str]]:
    with ledger.engine.begin() as connection:
        return {
            table.name: sorted(repr(row) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
        }


def lose(ledger: Ledger, event: ComplaintEvent, *, with_history: bool = False) -> None:
    """What a hand on the database, or an older copy of it, does."""
    key = (str(event.complaint_id),)
    # A bare connection does not keep foreign keys.
    with closing(sqlite3.connect(str(ledger.engine.url.database))) as connection, connection:
        if with_history:
            connection.execute("DROP TRIGGER IF EXISTS transition_no_delete")
            connection.execute("DELETE FROM transition WHERE complaint_id = ?", key)
        connection.execute("DELETE FROM complaint WHERE complaint_id = ?", key)


async def all_in(event_log: SqliteLog, topic: str) -> list[bytes]:
    return [stored.record.value async for stored in event_log.scan(topic)]


async def test_everything_replayed_twice_changes_nothing_anywhere(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener, sandbox: Sandbox
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    refused, unanswered = make_event(sealer, text="ditolak"), make_event(sealer)
    fine = [make_event(sealer, reporter_key=f"kunci-{n % 3}") for n in range(9)]
    sandbox.switch(refuse_content_containing="ditolak", reset_after_write=True)
    await desktop.publish(refused, unanswered)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(refused, State.PARKED)
        await desktop.reaches(unanswered, State.UNKNOWN)
        sandbox.switch()
        # The log may hold the same twice, and the same id with other words.
        await desktop.publish(*fine, *fine, fine[0].model_copy(update={"text": "Lain."}))
        for event in fine:
            await desktop.reaches(event, State.ENTERED)
    first = await replay(event_log, ledger).run(dry=False)
    before = dumped(ledger), await sandbox.complaints(), await all_in(event_log, TOPICS.entered)
    second = await replay(event_log, ledger).run(dry=False)
    async with desktop.working(sandbox.lapor()):
        await desktop.publish(last := make_event(sealer))
        await desktop.reaches(last, State.ENTERED)
    assert first.counts == second.counts == {Outcome.REPEAT: 20, Outcome.CONFLICT: 1}
    assert first.lost == second.lost == []
    lose(ledger, last, with_history=True)
    after = dumped(ledger)
    assert after == before[0]
    assert [one for one in await sandbox.complaints() if last.reference not in repr(one)] == list(
        before[1]
    )
    assert (await all_in(event_log, TOPICS.entered))[:-1] == before[2]


async def test_a_lost_row_comes_back_and_goes_its_way_once(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener, sandbox: Sandbox
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    lost, kept = make_event(sealer), make_event(sealer)
    await desktop.publish(lost, kept)
    async with desktop.working(None):
        await desktop.reaches(kept, State.RECEIVED)
    lose(ledger, lost, with_history=True)
    before = dumped(ledger)
    looked = await replay(event_log, ledger).run(dry=True)
    assert looked.counts == {Outcome.NEW: 1, Outcome.REPEAT: 1}
    assert [(one.reference, one.state) for one in looked.lost] == [(lost.reference, State.RECEIVED)]
    assert dumped(ledger) == before
    assert (await replay(event_log, ledger).run(dry=False)).lost == looked.lost
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(lost, State.ENTERED)
    assert len(await sandbox.complaints(lost.reference)) == 1
    assert (await replay(event_log, ledger).run(dry=False)).counts == {Outcome.REPEAT: 2}


async def test_one_that_was_entered_comes_back_as_entered(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener, sandbox: Sandbox
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    event = make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    row = ledger.queries.get(event.complaint_id)
    assert row is not None
    lose(ledger, event, with_history=True)
    (found,) = (await replay(event_log, ledger).run(dry=False)).lost
    assert (found.state, found.tracking_id) == (State.ENTERED, row.tracking_id)
    async with desktop.working(sandbox.lapor()):
        await desktop.publish(other := make_event(sealer))
        await desktop.reaches(other, State.ENTERED)
    assert len(await sandbox.complaints(event.reference)) == 1
    again = ledger.queries.get(event.complaint_id)
    assert again is not None
    assert (again.state, again.tracking_id, again.mode) == (State.ENTERED, row.tracking_id, "v3")


async def test_one_that_may_have_been_sent_is_unknown(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    claimed, in_a_file, untouched = events = [make_event(sealer) for _ in range(3)]
    await desktop.publish(*events)
    async with desktop.working(None):
        await desktop.reaches(untouched, State.RECEIVED)
    row = ledger.queries.get(claimed.complaint_id)
    assert row is not None
    # Its history stayed, and says that somebody had it in hand.
    ledger.claim(row, WATI, NOON, None, "assisted")
    with ledger.engine.begin() as connection:
        values = {"file_id": "f", "row": 2, "complaint_id": str(in_a_file.complaint_id)}
        connection.execute(bulk_row.insert().values(**values))
    lose(ledger, claimed)
    lose(ledger, in_a_file)
    lose(ledger, untouched, with_history=True)
    found = await replay(event_log, ledger).run(dry=False)
    assert [one.state for one in found.lost] == [State.UNKNOWN, State.UNKNOWN, State.RECEIVED]
    lose(ledger, untouched, with_history=True)
    (careful,) = (await replay(event_log, ledger, uncertain=True).run(dry=False)).lost
    assert careful.state is State.UNKNOWN


async def test_a_number_that_another_complaint_has_by_now_is_for_a_person(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    lost, other = make_event(sealer), make_event(sealer)
    await desktop.publish(lost, other)
    async with desktop.working(None):
        await desktop.reaches(other, State.RECEIVED)
    lose(ledger, lost, with_history=True)
    row = ledger.queries.get(other.complaint_id)
    assert row is not None
    in_hand = ledger.claim(row, WATI, NOON, None, "assisted")
    assert in_hand is not None
    ledger.move(in_hand, State.ENTERED, WATI, "entered_by_hand", NOON, tracking_id="9200001")
    receipt = EntryReceipt(
        complaint_id=lost.complaint_id,
        reference=lost.reference,
        tracking_id="9200001",
        mode="assisted",
        entered_at=NOON,
    )
    await event_log.append(TOPICS.entered, entered_record(receipt))
    (found,) = (await replay(event_log, ledger).run(dry=False)).lost
    assert found.state is State.UNKNOWN
    assert ledger.queries.history(lost.complaint_id)[-1].note == "tanda terima 9200001"


async def test_what_the_worker_has_not_read_is_left_to_it(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    desktop = Desktop(event_log, ledger, sealer, opener)
    await desktop.publish(make_event(sealer))
    found = await replay(event_log, ledger).run(dry=False)
    assert (found.counts, found.lost) == ({Outcome.WAITING: 1}, [])
    elsewhere = replay(event_log, ledger, first=date(2026, 3, 3), last=date(2026, 3, 9))
    assert (await elsewhere.run(dry=False)).counts == {}


async def test_the_command_repairs_what_reconcile_names(office: Office, sealer: Sealer) -> None:
    office.configure("assisted")
    lost, kept = make_event(sealer), make_event(sealer)
    await office.publish(lost, kept)
    with office.worker() as process:
        await office.until(kept, State.RECEIVED)
        process.terminate()
        process.wait()
    ledger = office.ledger()
    lose(ledger, lost, with_history=True)
    assert lost.reference in (await office.run("reconcile")).stdout
    days = ("--from", "2026-03-01", "--to", "2026-03-03")
    dry = await office.run("replay", *days, "--dry-run")
    assert f"{lost.reference} {lost.complaint_id} → menunggu" in dry.stdout
    refused = await office.run("replay", *days)
    assert (refused.returncode, "catatan wajib" in refused.stderr) == (2, True)
    done = await office.run("replay", *days, "--note", "baris terhapus", "--by", "wati")
    assert (done.returncode, done.stderr) == (0, "")
    assert (await office.run("reconcile")).returncode == 0
    (act,) = Acts(ledger).of("replayed")
    assert (act.actor, act.subject) == ("wati", "2026-03-01..2026-03-03")
    assert act.note is not None
    assert act.note.startswith("baris terhapus (")
    assert "new 1" in act.note
    ledger.close()
