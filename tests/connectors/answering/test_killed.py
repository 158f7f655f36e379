"""``kill -9`` at every step: nobody is answered twice, and no answer is lost without a word."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from connectors.answering.rows import AnswerKey
from normalizer.outcome import ReplyOutcome, ReplyState
from tests.connectors.answering.making import receipt
from tests.connectors.answering.mortal import STEPS
from tests.connectors.answering.office import Office
from tests.waiting import wait_for

_REPORTERS = ("+6281200009101", "+6281200009102", "+6281200009103")

#: Killed then, nobody knows whether the platform has it.
_IN_THE_MIDDLE = {("begin", "after"), ("reply", "before"), ("reply", "after"), ("finish", "before")}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_nothing_twice_and_nothing_lost(office: Office, step: str, moment: str) -> None:
    office.clock.at = datetime.now(UTC)
    events = [await office.complain(phone=phone) for phone in _REPORTERS]
    for event in events:
        await office.enter(receipt(event, office.clock.now()))
    # Of these there is only one call with all records of the topic.
    count = "1" if step in ("record", "receipts", "commit", "route") else "2"
    victim = office.child("tests.connectors.answering.mortal", step, moment, count)
    try:
        code = await asyncio.to_thread(wait_for, victim.exit_code, "the kill")
    finally:
        victim.kill()
    assert code == -9, (office.directory / "output").read_text(encoding="utf-8")

    survivor = office.child("connectors.replies")
    try:
        outcomes = await office.told(2 * len(events))
    finally:
        await asyncio.to_thread(survivor.stop)
    taken = Counter(message.key for message in office.platform.taken)
    assert set(taken.values()) == {1}
    by_state = {
        state: {_key(outcome) for outcome in outcomes if outcome.state is state}
        for state in ReplyState
    }
    assert by_state[ReplyState.SENT] <= set(taken)
    assert set(taken) <= by_state[ReplyState.SENT] | by_state[ReplyState.UNKNOWN]
    if (step, moment) in _IN_THE_MIDDLE:
        assert len(by_state[ReplyState.UNKNOWN]) == 1
    elif step in ("begin", "reply", "finish"):
        assert not by_state[ReplyState.UNKNOWN]
    else:
        # A step of another task: one answer may have been in the middle.
        assert len(by_state[ReplyState.UNKNOWN]) <= 1
    assert sum(map(len, by_state.values())) == 2 * len(events)


def _key(outcome: ReplyOutcome) -> str:
    return AnswerKey(outcome.complaint_id, outcome.kind, outcome.round).idempotency_key
