"""Closing a day with its numbers, by hand and by the worker."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from deliver.proof.chain import ClosedDay
from deliver.proof.closer import Closer
from deliver.proof.closings import AlreadyClosed, Closings, LedgerInUse
from deliver.proof.day import NotOver, close_through
from deliver.proof.verify import verify
from gateway.errors import LogUnavailable
from gateway.log import Record
from gateway.sealing import Sealer
from normalizer.count import SourceCount
from normalizer.event import Channel
from tests.deliver.conftest import JAKARTA
from tests.deliver.making import NOON, at, make_event
from tests.deliver.proof.conftest import desk_of
from tests.deliver.running import TOPICS, WORKER, Desktop

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, day) for day in (2, 3, 4))
THURSDAY_MORNING = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)


async def test_a_day_is_closed_with_its_numbers(desktop: Desktop, sealer: Sealer) -> None:
    event = make_event(sealer)
    desktop.ledger.record(event, at(0), NOON, WORKER)
    await desktop.publish(event, make_event(sealer, received_at=NOON + timedelta(days=1)))
    count = SourceCount(channel=Channel.SMS, account="1708", counted_at=NOON, numbers=((1, 3),))
    await desktop.event_log.append(TOPICS.counted, Record(b"k", count.to_bytes(), ()))
    (closed,) = await close_through(desk_of(desktop), MONDAY, THURSDAY_MORNING, "operator")
    assert '"channels":{"sms":{' in closed.numbers
    assert '"received":1,' in closed.numbers
    assert '"sms":{"accounted":0,"ignored":0,"listed":3,"missing":3,"on_its_way":0}' in (
        closed.numbers
    )
    assert '"findings":1,' in closed.numbers
    assert "nomor 1–3 diberikan sumber" in closed.numbers
    assert (closed.rows, closed.closed_by) == (1, "operator")


async def test_the_days_in_between_are_closed_too(desktop: Desktop) -> None:
    desk = desk_of(desktop)
    await close_through(desk, MONDAY, THURSDAY_MORNING, "operator")
    made = await close_through(desk, WEDNESDAY, THURSDAY_MORNING, "operator")
    assert [one.day for one in made] == [TUESDAY, WEDNESDAY]
    assert len(Closings(desktop.ledger.engine).all()) == 3
    assert verify(desktop.ledger.engine).intact
    with pytest.raises(AlreadyClosed):
        await close_through(desk, TUESDAY, THURSDAY_MORNING, "operator")


async def test_a_day_that_is_not_over_stays_open(desktop: Desktop) -> None:
    # 23:59 in Ngawi.
    now = datetime(2026, 3, 2, 16, 59, tzinfo=UTC)
    with pytest.raises(NotOver):
        await close_through(desk_of(desktop), MONDAY, now, "operator")
    await close_through(desk_of(desktop), MONDAY, now + timedelta(minutes=1), "operator")


class Office:
    """A clock that moves with every pause, and closings that may fail."""

    def __init__(self, *faults: Exception) -> None:
        #: 23:50 on Monday in Ngawi.
        self.now = datetime(2026, 3, 2, 16, 50, tzinfo=UTC)
        self.faults = list(faults)
        self.asked: list[tuple[date, str]] = []

    async def close(self, day: date, now: datetime) -> Sequence[ClosedDay]:
        self.asked.append((day, now.astimezone(JAKARTA).strftime("%a %H:%M")))
        if self.faults:
            raise self.faults.pop(0)
        return []

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.now > NOON + timedelta(days=2):
            raise asyncio.CancelledError

    async def work(self) -> None:
        closer = Closer(self.close, JAKARTA, timedelta(minutes=30), lambda: self.now, self.sleep)
        with pytest.raises(asyncio.CancelledError):
            await closer.run()


async def test_the_worker_closes_each_day_once_half_an_hour_after_midnight() -> None:
    office = Office()
    await office.work()
    assert office.asked == [
        (date(2026, 3, 1), "Mon 23:50"),
        (MONDAY, "Tue 00:30"),
        (TUESDAY, "Wed 00:30"),
    ]


async def test_what_could_not_be_closed_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    office = Office(AlreadyClosed("x"), LedgerInUse("x"), LogUnavailable("x"))
    await office.work()
    assert office.asked == [
        (date(2026, 3, 1), "Mon 23:50"),
        (MONDAY, "Tue 00:30"),
        (MONDAY, "Tue 00:31"),
        (MONDAY, "Tue 00:32"),
        (TUESDAY, "Wed 00:30"),
    ]
    assert [line.message for line in caplog.records if line.levelname == "WARNING"] == [
        "day.not_closed",
        "day.not_closed",
    ]
