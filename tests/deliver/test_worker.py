"""Every outcome of the target, against the sandbox over HTTP and on the embedded log."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deliver.ledger import Ledger
from deliver.states import State
from deliver.target import CredentialsRefused
from gateway.errors import GatewayFault
from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from normalizer.event import EntryReceipt, RejectedItem
from tests.deliver.making import at, make_event
from tests.deliver.running import TOPICS, WORKER, Desktop, Sandbox, elsewhere, eventually
from tests.servers import free_ports


@pytest.fixture
def desktop(event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener) -> Desktop:
    return Desktop(event_log, ledger, sealer, opener)


@pytest.mark.parametrize("shape", ["root", "nested"])
async def test_entered_once_with_receipt_and_cursor(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, shape: str
) -> None:
    sandbox.switch(response_shape=shape)
    event = make_event(sealer)
    await desktop.publish(event, event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    (entered,) = await sandbox.complaints()
    assert str(entered.fields["content"]).startswith(f"[{event.reference}] {event.text}")
    row = desktop.ledger.queries.get(event.complaint_id)
    assert row is not None
    assert row.tracking_id == str(entered.tracking_id)
    assert row.receipt_published_at is not None
    receipts = [
        EntryReceipt.model_validate_json(item.record.value)
        async for item in desktop.event_log.scan(TOPICS.entered)
    ]
    assert [(item.complaint_id, item.tracking_id, item.mode) for item in receipts] == [
        (event.complaint_id, row.tracking_id, "v3")
    ]
    assert desktop.reasons(event) == ["taken_from_log", "claimed", "entered"]
    assert await desktop.cursor() == 2


async def test_refused_is_parked_with_scrubbed_words_and_others_go_on(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(refuse_content_containing="tidak pantas")
    bad, good = make_event(sealer, text="Kata tidak pantas."), make_event(sealer)
    await desktop.publish(bad, good)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(bad, State.PARKED)
        await desktop.reaches(good, State.ENTERED)
    refused = desktop.ledger.queries.history(bad.complaint_id)[-1]
    assert refused.reason == "refused"
    assert refused.note == "422 Laporan ditolak. content: memuat hal yang tidak diterima"
    assert len(await sandbox.complaints()) == 1
    assert await desktop.cursor() == 2


@pytest.mark.parametrize("switch", ["busy_429", "busy_503"])
async def test_busy_waits_as_told_and_enters_once(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, switch: str
) -> None:
    sandbox.switch(**{switch: True}, retry_after_seconds=1, times={switch: 1})
    event = make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    busy, again = desktop.ledger.queries.history(event.complaint_id)[2:4]
    assert (busy.reason, again.reason) == ("busy", "claimed")
    # The sandbox said one second; a clock tick less is measuring, not hurry.
    assert (again.at - busy.at).total_seconds() > 0.9
    assert len(await sandbox.complaints()) == 1


@pytest.mark.parametrize(
    ("switch", "written"),
    [
        ("fail_500", 0),
        ("fail_500_after_write", 1),
        ("hang_after_write", 1),
        ("reset_after_write", 1),
    ],
)
async def test_no_answer_is_unknown_and_never_sent_again(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, switch: str, written: int
) -> None:
    sandbox.switch(**{switch: True}, times={switch: 1})
    event, later = make_event(sealer), make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.UNKNOWN)
        await desktop.publish(later, event)
        await desktop.reaches(later, State.ENTERED)
    assert len(await sandbox.complaints(event.reference)) == written
    assert desktop.reasons(event) == ["taken_from_log", "claimed", "no_answer"]
    assert await desktop.cursor() == 3


async def test_an_outage_makes_few_unknowns(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    """Creation fails for everybody: at most those in flight and one per probe become unknown."""
    sandbox.switch(fail_500=True)
    events = [make_event(sealer) for _ in range(40)]
    worker = replace(desktop.plan, max_in_flight=2)
    calm = replace(desktop, plan=worker)
    await desktop.publish(*events)
    async with calm.working(sandbox.lapor()):

        async def two_unknown() -> bool:
            return desktop.ledger.queries.counts()[State.UNKNOWN] >= 2

        await eventually(two_unknown, "unknown complaints")
        counts = desktop.ledger.queries.counts()
        # Flat memory: what waits for LAPOR stays in the log.
        assert counts[State.RECEIVED] + counts[State.SENDING] <= 2 * 4
        sandbox.switch()
        await desktop.reaches(events[-1], State.ENTERED)
    counts = desktop.ledger.queries.counts()
    assert counts[State.ENTERED] + counts[State.UNKNOWN] == 40
    assert counts[State.UNKNOWN] < 10
    assert len(await sandbox.complaints()) == counts[State.ENTERED]


async def test_unreachable_goes_back_and_is_entered_later(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer)
    await desktop.publish(event)
    (closed_port,) = free_ports(1)
    async with desktop.working(elsewhere(closed_port)):

        async def tried() -> bool:
            return "unreachable" in desktop.reasons(event)

        await eventually(tried, "an attempt")
        await desktop.reaches(event, State.RECEIVED)
        assert await desktop.cursor() == 0
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    assert len(await sandbox.complaints()) == 1


async def test_while_nobody_listens_only_one_attempt_is_written_down(
    desktop: Desktop, sealer: Sealer
) -> None:
    """After the first failure the worker looks before it claims: the history stays short."""
    event = make_event(sealer)
    await desktop.publish(event)
    (closed_port,) = free_ports(1)
    async with desktop.working(elsewhere(closed_port)):

        async def tried() -> bool:
            return "unreachable" in desktop.reasons(event)

        await eventually(tried, "an attempt")
        await asyncio.sleep(0.3)  # some pauses of at most 0.1 s
    assert desktop.reasons(event) == ["taken_from_log", "claimed", "unreachable"]


async def test_refused_credentials_end_the_worker(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(refuse_credentials=True)
    event = make_event(sealer)
    await desktop.publish(event)
    with pytest.raises(CredentialsRefused) as caught:
        async with desktop.working(sandbox.lapor()) as task:
            await task
    assert caught.value.exit_code == 77
    row = desktop.ledger.queries.get(event.complaint_id)
    assert row is not None
    assert row.state is State.RECEIVED
    assert await desktop.cursor() == 0
    sandbox.switch()
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)


async def test_a_conflicting_repeat_is_noted_once_and_never_entered(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer)
    other = event.model_copy(update={"text": "Sama sekali lain."})
    resealed = event.model_copy(update={"sealed": make_event(sealer).sealed})
    await desktop.publish(event, resealed, other, other)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)

        async def all_taken() -> bool:
            return await desktop.cursor() == 4

        await eventually(all_taken, "the cursor behind the repeats")
    assert desktop.reasons(event).count("conflicting_repeat") == 1
    (entered,) = await sandbox.complaints()
    assert event.text in str(entered.fields["content"])


async def test_an_unreadable_record_is_kept_aside_and_the_next_one_entered(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, opener: Opener
) -> None:
    event = make_event(sealer)
    headers = (("ce_source", b"/channels/sms/1708"),)
    await desktop.event_log.append(TOPICS.accepted, Record(b"k", b"\xff{no json", headers))
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.ENTERED)
    (item,) = [
        RejectedItem.model_validate_json(stored.record.value)
        async for stored in desktop.event_log.scan(TOPICS.rejected)
    ]
    assert (item.stage, item.reason, item.channel) == ("deliver", "unreadable", "sms")
    assert opener.open(item.sealed).raw_encoding == "base64"
    assert await desktop.cursor() == 2


async def test_one_reporter_in_order_others_side_by_side(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    """Two slow calls overlap for different reporters, never for the same one."""
    sandbox.switch(delay_seconds=0.15)
    same = [make_event(sealer, reporter_key="one", text=f"Nomor {n}.") for n in range(3)]
    others = [make_event(sealer, reporter_key=f"other-{n}") for n in range(3)]
    await desktop.publish(*same, *others)
    async with desktop.working(sandbox.lapor(total_timeout_seconds=5)):
        for event in (*same, *others):
            await desktop.reaches(event, State.ENTERED)
    order = [str(item.fields["content"]).split("]")[0][1:] for item in await sandbox.complaints()]
    references = [event.reference for event in same]
    assert [name for name in order if name in references] == references
    assert order.index(others[0].reference) < order.index(references[1])
    for event, following in pairwise(same):
        entered = desktop.ledger.queries.history(event.complaint_id)[-1]
        claimed = desktop.ledger.queries.history(following.complaint_id)[1]
        assert (entered.reason, claimed.reason) == ("entered", "claimed")
        assert entered.seq < claimed.seq


async def test_a_stop_finishes_what_is_being_entered(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(delay_seconds=0.3)
    event = make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor(total_timeout_seconds=5)):
        await desktop.reaches(event, State.SENDING)
    row = desktop.ledger.queries.get(event.complaint_id)
    assert row is not None
    assert row.state is State.ENTERED
    assert row.receipt_published_at is not None
    assert await desktop.cursor() == 1


async def test_a_sealed_part_that_no_key_opens_is_parked(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer)
    damaged = event.model_copy(update={"sealed": "not.a.jwe"})
    await desktop.publish(damaged)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.PARKED)
    assert desktop.reasons(event)[-1] == "cannot_open"
    assert await sandbox.complaints() == ()


async def test_a_receipt_that_was_not_published_is_owed(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    """The worker fell between the entry and the receipt."""
    event = make_event(sealer)
    now = desktop.now()
    row, _ = desktop.ledger.record(event, at(0), now, WORKER)
    claimed = desktop.ledger.claim(row, WORKER, now, now, "v3")
    assert claimed is not None
    desktop.ledger.move(claimed, State.ENTERED, WORKER, "entered", now, tracking_id="9200777")
    async with desktop.working(sandbox.lapor()):

        async def published() -> bool:
            found = desktop.ledger.queries.get(event.complaint_id)
            return found is not None and found.receipt_published_at is not None

        await eventually(published, "the receipt")
    receipts = [item async for item in desktop.event_log.scan(TOPICS.entered)]
    assert len(receipts) == 1


async def test_an_unreadable_record_that_cannot_be_kept_stops_the_worker(
    tmp_path: Path, ledger: Ledger, sealer: Sealer, opener: Opener, sandbox: Sandbox
) -> None:
    event_log = SqliteLog(tmp_path / "narrow.db")
    await event_log.open()
    specs = [spec for spec in TOPICS.specs() if spec.name != TOPICS.rejected]
    await event_log.create_topics(specs)
    await event_log.append(TOPICS.accepted, Record(b"k", b"no event"))
    desktop = Desktop(event_log, ledger, sealer, opener)
    with pytest.raises(GatewayFault):
        async with desktop.working(sandbox.lapor()) as task:
            await task
    assert await desktop.cursor() == 0
    await event_log.close()


async def test_a_redelivery_while_it_is_being_entered_changes_nothing(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(delay_seconds=0.2)
    event = make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor(total_timeout_seconds=5)):
        await desktop.reaches(event, State.SENDING)
        await desktop.publish(event, event)
        await desktop.reaches(event, State.ENTERED)

        async def all_taken() -> bool:
            return await desktop.cursor() == 3

        await eventually(all_taken, "the cursor behind the repeats")
    assert len(await sandbox.complaints()) == 1
    assert desktop.reasons(event) == ["taken_from_log", "claimed", "entered"]
