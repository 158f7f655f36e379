"""What is not simply sent: linked, held, entered by people; and what a fall leaves behind."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deliver.desk import Desk
from deliver.lapor.v3 import LaporV3
from deliver.ledger import Ledger
from deliver.states import Actor, State, Who
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from normalizer.event import Awaits, EntryReceipt, Exclusion, Missing, Origin, Relation
from tests.deliver.making import at, make_event
from tests.deliver.running import TOPICS, WORKER, Desktop, Sandbox, eventually


@pytest.fixture
def desktop(event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener) -> Desktop:
    return Desktop(event_log, ledger, sealer, opener)


def desk(desktop: Desktop) -> Desk:
    return Desk(desktop.ledger, Actor(Who.OPERATOR, "operator-1"), desktop.now)


async def test_what_lapor_has_already_is_linked_and_told(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer, origin=Origin(already_in_lapor=True, tracking_id="9165816"))
    twin = make_event(sealer, origin=Origin(already_in_lapor=True, tracking_id="9165816"))
    await desktop.publish(event, twin)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.LINKED)
        await desktop.reaches(twin, State.LINKED)
    assert await sandbox.complaints() == ()
    receipts = [
        EntryReceipt.model_validate_json(item.record.value)
        async for item in desktop.event_log.scan(TOPICS.entered)
    ]
    assert {(item.tracking_id, item.mode) for item in receipts} == {("9165816", "linked")}
    assert {item.complaint_id for item in receipts} == {event.complaint_id, twin.complaint_id}


async def test_a_supplement_goes_with_its_complaint(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    first = make_event(sealer, reporter_key="r")
    supplement = make_event(
        sealer,
        reporter_key="r",
        relates_to=first.complaint_id,
        relation=Relation.SUPPLEMENT,
    )
    orphan = make_event(sealer, relates_to=make_event().complaint_id, relation=Relation.SUPPLEMENT)
    await desktop.publish(first, supplement, orphan)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(supplement, State.LINKED)
        await desktop.reaches(orphan, State.ENTERED)
        await desktop.reaches(first, State.ENTERED)
    entered = desktop.ledger.queries.get(first.complaint_id)
    receipts = [
        EntryReceipt.model_validate_json(item.record.value)
        async for item in desktop.event_log.scan(TOPICS.entered)
    ]
    told = {item.complaint_id: item.tracking_id for item in receipts}
    assert entered is not None
    assert told[supplement.complaint_id] == entered.tracking_id


async def test_a_complaint_without_place_is_held_until_its_time(
    event_log: SqliteLog, ledger: Ledger, sealer: Sealer, opener: Opener, sandbox: Sandbox
) -> None:
    moment = [datetime(2026, 3, 2, 5, 0, tzinfo=UTC)]
    made = Desktop(event_log, ledger, sealer, opener, now=lambda: moment[0])
    patient = replace(made, plan=replace(made.plan, hold_seconds=3600))
    event = make_event(sealer, received_at=moment[0], completeness=(Missing.PLACE,))
    await patient.publish(event)
    async with patient.working(sandbox.lapor()):
        await patient.reaches(event, State.HELD)

        async def committed() -> bool:
            return await patient.cursor() == 1

        await eventually(committed, "the commit of a held one")
        moment[0] += timedelta(hours=1)
        await patient.reaches(event, State.ENTERED)
    assert patient.reasons(event)[1:3] == ["place_missing", "hold_ended"]


async def test_what_the_channel_knows_to_be_no_complaint_is_excluded(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer, exclusion=Exclusion.AUTO_REPLY)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.EXCLUDED)
        assert await sandbox.complaints() == ()
        desk(desktop).resend(desk(desktop).look_up(event.reference), "ternyata aduan")
        await desktop.reaches(event, State.ENTERED)
    assert desktop.reasons(event)[1] == "auto_reply"


async def test_a_missed_call_waits_for_a_person(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    missed = make_event(sealer, awaits=Awaits.CALL_BACK)
    said = make_event(sealer, relates_to=missed.complaint_id, relation=Relation.REPLY_TO)
    await desktop.publish(missed)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(missed, State.HELD)
        await desktop.publish(said)
        # What the caller said when somebody rang back is not hidden behind the missed call.
        await desktop.reaches(said, State.ENTERED)
        row = desk(desktop).look_up(missed.reference)
        assert (row.state, row.hold_until) == (State.HELD, None)
        desk(desktop).exclude(row, "sudah dihubungi")
    assert len(await sandbox.complaints()) == 1
    assert desktop.reasons(missed)[1] == "call_back"


@pytest.mark.parametrize(("key", "state"), [("r", State.LINKED), ("other", State.ENTERED)])
async def test_an_answer_goes_with_ones_own_complaint_only(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer, key: str, state: State
) -> None:
    first = make_event(sealer, reporter_key="r")
    answer = make_event(
        sealer, reporter_key=key, relates_to=first.complaint_id, relation=Relation.REPLY_TO
    )
    await desktop.publish(first, answer)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(first, State.ENTERED)
        await desktop.reaches(answer, state)


async def test_a_held_one_may_be_sent_on(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    missed = make_event(sealer, awaits=Awaits.CALL_BACK)
    await desktop.publish(missed)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(missed, State.HELD)
        desk(desktop).resend(desk(desktop).look_up(missed.reference))
        await desktop.reaches(missed, State.ENTERED)


async def test_a_kill_between_claim_and_answer_leaves_an_unknown(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(hang_after_write=True, times={"hang_after_write": 1})
    event = make_event(sealer)
    await desktop.publish(event)
    # A worker that gets no chance to finish anything.
    target = LaporV3(sandbox.lapor(total_timeout_seconds=60, connect_timeout_seconds=60))
    await target.open()
    hasty = replace(desktop, plan=replace(desktop.plan, stop_grace_seconds=0.0))
    task = asyncio.create_task(hasty.worker(target).run(asyncio.Event()))
    await desktop.reaches(event, State.SENDING)

    async def written() -> bool:
        return len(await sandbox.complaints()) == 1

    await eventually(written, "the write")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await target.close()
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.UNKNOWN)
    assert desktop.reasons(event) == ["taken_from_log", "claimed", "worker_restarted"]
    assert len(await sandbox.complaints()) == 1
    (entered,) = await sandbox.complaints()
    row = desk(desktop).found(desk(desktop).look_up(event.reference), str(entered.tracking_id))
    assert row.state is State.ENTERED


async def test_a_claim_that_ran_out_is_unknown_but_a_persons_claim_stays(
    desktop: Desktop, sealer: Sealer
) -> None:
    first, lost, held = make_event(sealer), make_event(sealer), make_event(sealer)
    past = desktop.now() - timedelta(seconds=1)
    await desktop.publish(first)
    # A worker that sends nothing itself, so that it is another one's claim that runs out.
    async with desktop.working(None):
        await desktop.reaches(first, State.RECEIVED)
        for offset, (event, until) in enumerate(((lost, past), (held, None)), start=1):
            row, _ = desktop.ledger.record(event, at(offset), past, WORKER)
            desktop.ledger.claim(row, WORKER, past, until, "v3")
        await desktop.reaches(lost, State.UNKNOWN)
    assert desktop.reasons(lost)[-1] == "claim_ran_out"
    await desktop.reaches(held, State.SENDING)


async def test_assisted_mode_waits_for_people_and_a_switch_to_v3_loses_nothing(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    typed, waiting = make_event(sealer), make_event(sealer)
    await desktop.publish(typed, waiting)
    async with desktop.working(None):

        async def recorded() -> bool:
            return await desktop.cursor() == 2

        await eventually(recorded, "both in the ledger and committed")
        row = desk(desktop).claim_next()
        assert row is not None
        assert row.complaint_id == typed.complaint_id
        desk(desktop).done(row, "#9200555")

        async def told() -> bool:
            return len([item async for item in desktop.event_log.scan(TOPICS.entered)]) == 1

        await eventually(told, "the receipt of a typed one")
    assert await sandbox.complaints() == ()
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(waiting, State.ENTERED)
    assert len(await sandbox.complaints()) == 1


async def test_a_parked_one_is_sent_again_by_an_operator_without_any_record(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    sandbox.switch(refuse_content_containing="pasar")
    event = make_event(sealer)
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.PARKED)
        sandbox.switch()
        desk(desktop).resend(desk(desktop).look_up(str(event.complaint_id)))
        await desktop.reaches(event, State.ENTERED)
    assert len(await sandbox.complaints()) == 1


async def test_a_wrong_link_can_be_taken_back(
    desktop: Desktop, sandbox: Sandbox, sealer: Sealer
) -> None:
    event = make_event(sealer, origin=Origin(already_in_lapor=True, tracking_id="9165816"))
    await desktop.publish(event)
    async with desktop.working(sandbox.lapor()):
        await desktop.reaches(event, State.LINKED)

        async def told() -> bool:
            return len([item async for item in desktop.event_log.scan(TOPICS.entered)]) == 1

        await eventually(told, "the receipt of the link")
        desk(desktop).resend(desk(desktop).look_up(event.reference))
        await desktop.reaches(event, State.ENTERED)
    receipts = [
        EntryReceipt.model_validate_json(item.record.value)
        async for item in desktop.event_log.scan(TOPICS.entered)
    ]
    (entered,) = await sandbox.complaints()
    assert [item.tracking_id for item in receipts] == ["9165816", str(entered.tracking_id)]
