"""Counts and numbers in the ledger, on both databases."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deliver.ledger import Ledger
from deliver.outcomes import Outcomes
from deliver.proof.sources import Numbered, Scope
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from normalizer.count import SourceCount
from normalizer.event import Channel, SourceNumber
from tests.deliver.making import NOON, at, make_event
from tests.deliver.running import TOPICS, WORKER, eventually

COUNT = SourceCount(
    channel=Channel.EMAIL, account="aduan", scope="7", counted_at=NOON, numbers=((1, 12),)
)
SCOPE = Scope(Channel.SMS, "1708", "")


def numbers(*found: int) -> tuple[SourceNumber, ...]:
    return tuple(SourceNumber(number=one) for one in found)


def test_a_count_is_kept_once_and_for_ever(any_ledger: Ledger) -> None:
    any_ledger.sources.apply(COUNT)
    any_ledger.sources.apply(COUNT)
    later = COUNT.model_copy(update={"counted_at": NOON + timedelta(hours=1)})
    any_ledger.sources.apply(later)
    assert list(any_ledger.sources.counts(None, None)) == [COUNT, later]
    assert list(any_ledger.sources.counts(later.counted_at, Channel.EMAIL)) == [later]
    assert list(any_ledger.sources.counts(None, Channel.SMS)) == []
    for statement in ("UPDATE source_count SET account = 'x'", "DELETE FROM source_count"):
        with pytest.raises(DBAPIError), any_ledger.engine.begin() as connection:
            connection.execute(text(statement))


def test_a_complaint_brings_its_numbers_and_later_ones_too(any_ledger: Ledger) -> None:
    event = make_event().model_copy(update={"source_numbers": numbers(5, 6)})
    any_ledger.record(event, at(0), NOON, WORKER)
    again = event.model_copy(update={"source_numbers": numbers(9)})
    any_ledger.record(again, at(1), NOON, WORKER)
    any_ledger.record(again, at(1), NOON, WORKER)
    any_ledger.record(make_event(), at(2), NOON, WORKER)
    assert any_ledger.sources.known(SCOPE, 0, 100) == [(5, 6), (9, 9)]
    assert any_ledger.sources.known(SCOPE, 6, 8) == [(6, 6)]
    assert any_ledger.sources.known(Scope(Channel.SMS, "1708", "7"), 0, 100) == []


def test_numbers_of_many_rejected_items(any_ledger: Ledger) -> None:
    items = [Numbered(Channel.SMS, "1708", uuid4(), numbers(one)) for one in range(2, 502)]
    any_ledger.sources.remember(items)
    any_ledger.sources.remember(items[:3])
    any_ledger.sources.remember([])
    assert any_ledger.sources.known(SCOPE, 0, 10_000) == [(2, 501)]


def test_a_batch_is_found_by_its_whole_name(any_ledger: Ledger) -> None:
    def slip(batch: str | None, words: str = "Jalan rusak.") -> UUID:
        event = make_event(channel=Channel.COMPLAINT_BOX, text=words)
        event = event.model_copy(update={"batch": batch})
        any_ledger.record(event, at(0), NOON, WORKER)
        return event.complaint_id

    name = 'kotak "50%_"/2026-03-02'
    wanted = {slip(name), slip(name)}
    slip("kotak x50%_/2026-03-02")
    slip(None, words='Ada tulisan "batch":"' + name)
    found = any_ledger.sources.in_batch(Channel.COMPLAINT_BOX, name)
    assert found == wanted
    assert any_ledger.sources.in_batch(Channel.LETTER, name) == frozenset()


async def test_counts_on_the_log_reach_the_ledger(event_log: SqliteLog, ledger: Ledger) -> None:
    await event_log.append(TOPICS.counted, Record(b"k", b"no count", ()))
    await event_log.append(TOPICS.counted, Record(b"k", COUNT.to_bytes(), ()))
    task = asyncio.create_task(Outcomes(event_log, TOPICS, ledger).run())

    async def there() -> bool:
        return bool(await asyncio.to_thread(ledger.sources.counts, None, None))

    try:
        await eventually(there, "the count in the ledger")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert list(ledger.sources.counts(None, None)) == [COUNT]
