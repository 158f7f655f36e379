"""Platforms that refuse, are away or say nothing; stops and faults in the middle of an answer."""

import asyncio
import json
from datetime import timedelta

import pytest

from connectors.answering.outbox import Outbox
from connectors.answering.outbox_file import OutboxUnavailable
from gateway.log_setup import JsonLines
from gateway.metrics import REPLY_OUTCOMES
from normalizer.event import Channel
from normalizer.outcome import ReplyKind, ReplyState
from tests.connectors.answering.bench import Bench
from tests.connectors.answering.making import PHONE, receipt
from tests.connectors.answering.platform import BUSY_SECONDS, BrokenReplier


async def test_a_refused_answer_is_not_tried_again(answers: Bench) -> None:
    answers.platform.moods.append("blocked")
    answers.note(answers.maker.event())
    async with answers.sending():
        await answers.ended(1)
        answers.maker.clock.advance(hours=1)
        answers.note(answers.maker.event())
        await answers.ended(2)
    assert (ReplyKind.RECEIVED, ReplyState.FAILED, "blocked") in answers.ends()
    assert answers.platform.calls == 2


async def test_an_answer_without_an_answer_is_unknown(answers: Bench) -> None:
    answers.platform.moods.append("silent")
    answers.note(answers.maker.event())
    async with answers.sending():
        await answers.ended(1)
        answers.maker.clock.advance(hours=1)
        answers.note(answers.maker.event())
        await answers.ended(2)
    assert (ReplyKind.RECEIVED, ReplyState.UNKNOWN, "no_answer") in answers.ends()
    assert len(answers.platform.taken) == 2


async def test_a_platform_that_is_away_is_tried_again_with_the_same_key(answers: Bench) -> None:
    answers.platform.moods.extend(["away", "away"])
    event = answers.maker.event()
    answers.note(event)
    async with answers.sending():
        for attempts in (1, 2):
            await answers.postponed(attempts)
            answers.maker.clock.advance(minutes=1)
        await answers.ended(1)
    assert answers.ends() == [(ReplyKind.RECEIVED, ReplyState.SENT, None)]
    assert answers.platform.calls == 3


async def test_while_a_platform_is_away_its_lane_rests(answers: Bench) -> None:
    answers.platform.always = "away"
    for number in range(5):
        answers.note(answers.maker.event(phone=f"+6281200009{number}00"))
    answers.replier(Channel.SMS, "1708")
    async with answers.sending():
        await answers.postponed()
        answers.platform.always = "well"
        # The other lane goes on meanwhile.
        answers.note(answers.maker.event(channel=Channel.SMS, account="1708"))
        await answers.ended(1)
        assert answers.platform.calls == 2
        answers.maker.clock.advance(minutes=1)
        await answers.ended(6)
    assert answers.platform.calls == 7


async def test_the_pause_that_a_platform_asks_for_is_kept(answers: Bench) -> None:
    answers.platform.moods.append("busy")
    answers.note(answers.maker.event(), answers.maker.event())
    async with answers.sending():
        await answers.postponed()
        answers.maker.clock.advance(seconds=BUSY_SECONDS - 1)
        # A lane that did not rest would be seen within these turns of the loop.
        for _ in range(10):
            await asyncio.sleep(answers.rules.poll_seconds)
        assert answers.platform.calls == 1
        answers.maker.clock.advance(seconds=2)
        await answers.ended(2)


async def test_after_a_day_of_absence_all_that_waited_is_given_up(answers: Bench) -> None:
    answers.platform.always = "away"
    event = answers.maker.event()
    answers.note(event, answers.maker.event())
    answers.note_entered(receipt(event))
    async with answers.sending(give_up=timedelta(hours=2)):
        await answers.postponed()
        answers.maker.clock.advance(minutes=119)
        answers.note(answers.maker.event())
        await answers.postponed(2)
        answers.maker.clock.advance(hours=1)
        await answers.ended(3)
    assert {(state, reason) for _, state, reason in answers.ends()} == {
        (ReplyState.FAILED, "gave_up")
    }
    assert answers.outbox.waiting() == 1


async def test_a_replier_s_own_fault_costs_one_answer(
    answers: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    broken = BrokenReplier(answers.platform.url, Channel.X, "account")
    answers.repliers.append(broken)
    answers.note(answers.maker.event(channel=Channel.X, account="account"), answers.maker.event())
    async with answers.sending():
        await answers.ended(2)
    assert answers.ends() == [
        (ReplyKind.RECEIVED, ReplyState.SENT, None),
        (ReplyKind.RECEIVED, ReplyState.UNKNOWN, "replier_failed"),
    ]
    written = [JsonLines("replies").format(record) for record in caplog.records]
    (line,) = [json.loads(one) for one in written if "reply.replier_failed" in one]
    assert line["exception"] == "KeyError"
    assert PHONE not in "".join(written)


async def test_one_at_a_time_for_each_account(answers: Bench) -> None:
    answers.platform.always = "held"
    answers.replier(Channel.SMS, "1708")
    for number in range(6):
        phone = f"+62812000095{number:02d}"
        answers.note(answers.maker.event(phone=phone))
        answers.note(answers.maker.event(phone=phone, channel=Channel.SMS, account="1708"))
    async with answers.sending():
        await answers.called(2)
        answers.platform.go_on.set()
        await answers.ended(12)
    assert answers.platform.most_side_by_side == 2


async def test_a_stop_finishes_what_is_being_sent_and_begins_nothing(answers: Bench) -> None:
    answers.platform.moods.append("held")
    answers.note(answers.maker.event(), answers.maker.event())
    async with answers.sending() as stop:
        await answers.called(1)
        stop.set()
        asyncio.get_running_loop().call_later(0.2, answers.platform.go_on.set)
    assert answers.ends() == [(ReplyKind.RECEIVED, ReplyState.SENT, None)]
    assert answers.outbox.waiting() == 1
    async with answers.sending():
        await answers.ended(2)
    assert len({message.key for message in answers.platform.taken}) == 2


async def test_a_stop_that_cannot_wait_leaves_an_unknown_end(answers: Bench) -> None:
    answers.platform.moods.append("held")
    answers.note(answers.maker.event())
    before = _counted(ReplyState.UNKNOWN)
    async with answers.sending(finish_seconds=0.05):
        await answers.called(1)
    assert answers.ends() == []
    async with answers.sending():
        await answers.ended(1)
    assert answers.ends() == [(ReplyKind.RECEIVED, ReplyState.UNKNOWN, "interrupted")]
    assert len(answers.platform.taken) == 1
    assert _counted(ReplyState.UNKNOWN) == before + 1


async def test_nothing_is_sent_that_cannot_be_noted(
    answers: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutboxUnavailable("replies.db cannot be used (FullError): check disk space")

    answers.note(answers.maker.event())
    with monkeypatch.context() as patched, pytest.raises(OutboxUnavailable):
        patched.setattr(Outbox, "begin", full)
        async with answers.sending():
            await answers.fallen()
    assert answers.platform.calls == 0
    async with answers.sending():
        await answers.ended(1)
    assert answers.ends() == [(ReplyKind.RECEIVED, ReplyState.SENT, None)]


def _counted(state: ReplyState) -> float:
    found: float = REPLY_OUTCOMES.labels(Channel.TELEGRAM, ReplyKind.RECEIVED, state)._value.get()
    return found
