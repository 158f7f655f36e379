"""The equation, and everything that may break it."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from deliver.ledger import Ledger
from deliver.reconcile import Period, Report, reconcile
from deliver.states import State
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from normalizer.event import Channel, ComplaintEvent
from tests.deliver.making import NOON, make_event
from tests.deliver.running import TOPICS, Desktop, Sandbox, eventually

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def desktop(event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener) -> Desktop:
    return Desktop(event_log, ledger, sealer, opener)


async def equation(desktop: Desktop, period: Period | None = None) -> Report:
    return await reconcile(
        desktop.event_log,
        TOPICS,
        desktop.ledger.queries,
        ZoneInfo("Asia/Jakarta"),
        period or Period(),
    )


async def settle(desktop: Desktop, sandbox: Sandbox, *events: ComplaintEvent) -> None:
    """Publish, and let the worker take all of it."""
    await desktop.publish(*events)
    ends = await desktop.event_log.end_offsets(TOPICS.accepted)

    async def committed() -> bool:
        return await desktop.cursor() == ends[0]

    async with desktop.working(sandbox.lapor()):
        await eventually(committed, "the cursor at the end")


def forget(tmp_path: Path, complaint_id: UUID) -> None:
    """What no program of ours can do: take a row out of the ledger."""
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM complaint WHERE complaint_id = ?", (str(complaint_id),))
    connection.close()


async def test_every_state_has_its_column_by_channel_and_local_day(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(refuse_content_containing="tidak pantas")
    entered = make_event(sealer)
    parked = make_event(sealer, text="tidak pantas")
    mail = make_event(sealer, channel=Channel.EMAIL)
    after_midnight = make_event(sealer, received_at=NOON.replace(hour=17))
    await settle(desktop, sandbox, entered, parked, mail, after_midnight, entered)
    await desktop.publish(make_event(sealer))
    report = await equation(desktop)
    assert report.balanced
    found = {
        (line.day, line.channel): (line.received, {k: v for k, v in line.counts.items() if v})
        for line in report.lines
    }
    assert found == {
        (MONDAY, Channel.SMS): (3, {"entered": 1, "parked": 1, "waiting": 1}),
        (MONDAY, Channel.EMAIL): (1, {"entered": 1}),
        (TUESDAY, Channel.SMS): (1, {"entered": 1}),
    }
    received, total = report.total()
    assert received == sum(total.values()) == 5


async def test_a_row_that_vanished_from_the_ledger_is_named(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    kept, lost = make_event(sealer), make_event(sealer)
    await settle(desktop, sandbox, kept, lost)
    assert (await equation(desktop)).balanced
    forget(tmp_path, lost.complaint_id)
    report = await equation(desktop)
    assert not report.balanced
    (named,) = report.unaccounted
    assert (named.item_id, named.reference) == (lost.complaint_id, lost.reference)
    assert report.total()[1]["unaccounted"] == 1
    assert report.total()[0] == 2


async def test_what_is_not_yet_taken_is_waiting_not_missing(
    desktop: Desktop, sealer: Sealer
) -> None:
    await desktop.publish(make_event(sealer), make_event(sealer))
    report = await equation(desktop)
    assert report.balanced
    assert report.total()[1] == {"waiting": 2}


async def test_an_unreadable_record_counts_only_while_it_is_kept_aside(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    headers = (("ce_source", b"/channels/email/aduan"),)
    await desktop.event_log.append(TOPICS.accepted, Record(b"k", b"{}", headers))
    assert (await equation(desktop)).total()[1] == {"waiting": 1}
    await settle(desktop, sandbox, make_event(sealer))
    report = await equation(desktop)
    assert report.total()[1] == {"entered": 1, "unreadable": 1}
    assert {line.channel for line in report.lines} == {Channel.SMS, Channel.EMAIL}

    # A record of ours that some program skipped without keeping it aside.
    at = await desktop.event_log.append(TOPICS.accepted, Record(b"k", b"nonsense", headers))
    subscription = await desktop.event_log.subscribe(TOPICS.accepted, "deliver")
    await subscription.fetch(10, 1)
    await subscription.commit({at.partition: at.offset + 1})
    await subscription.close()
    (named,) = (await equation(desktop)).unaccounted
    assert named.position == at


async def test_a_period_and_a_channel(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    tuesday = make_event(sealer, received_at=NOON + timedelta(days=1))
    await settle(desktop, sandbox, make_event(sealer), tuesday)
    forget(tmp_path, tuesday.complaint_id)
    assert (await equation(desktop, Period(MONDAY, MONDAY))).balanced
    assert not (await equation(desktop, Period(TUESDAY, None))).balanced
    assert (await equation(desktop, Period(None, None, Channel.EMAIL))).lines == []


async def test_a_second_delivery_on_another_day_is_not_counted_again(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer)
    later = event.model_copy(update={"received_at": NOON + timedelta(days=1)})
    await settle(desktop, sandbox, event, later)
    whole = await equation(desktop)
    assert [line.day for line in whole.lines] == [MONDAY]
    assert (await equation(desktop, Period(TUESDAY, TUESDAY))).lines == []


async def test_what_left_the_log_by_retention_is_still_counted(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, tmp_path: Path
) -> None:
    event = make_event(sealer)
    await settle(desktop, sandbox, event)
    empty = SqliteLog(tmp_path / "another.db")
    await empty.open()
    await empty.create_topics(TOPICS.specs())
    report = await reconcile(
        empty, TOPICS, desktop.ledger.queries, ZoneInfo("Asia/Jakarta"), Period()
    )
    await empty.close()
    assert report.balanced
    assert report.total() == (1, {"entered": 1})
    row = desktop.ledger.queries.get(event.complaint_id)
    assert row is not None
    assert row.state is State.ENTERED
