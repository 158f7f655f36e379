"""Answers on a real outbox and over real HTTP: who gets which words, and what is held back."""

from datetime import timedelta

import pytest

from connectors.answering.outbox import Outbox
from connectors.answering.rows import AnswerState
from gateway.sealing import load_sealer, new_key_pair
from normalizer.event import Awaits, Channel, Exclusion, Relation
from normalizer.outcome import ReplyKind, ReplyState
from tests.connectors.answering.bench import Bench
from tests.connectors.answering.making import NOON, PHONE, WORDS, receipt


async def test_received_and_entered_are_told_once(answers: Bench) -> None:
    event = answers.maker.event()
    answers.note(event, event)
    async with answers.sending():
        await answers.ended(1)
        answers.note(event)
        answers.note_entered(receipt(event), receipt(event))
        await answers.ended(2)
    first, second = answers.platform.texts_to(PHONE)
    assert event.reference in first
    assert "9165816" in second
    assert "lapor.go.id/pengaduan/9165816" in second
    assert not any(WORDS in message.text for message in answers.platform.taken)
    assert answers.ends() == [
        (ReplyKind.ENTERED, ReplyState.SENT, None),
        (ReplyKind.RECEIVED, ReplyState.SENT, None),
    ]
    assert {one.channel for one in answers.outcomes()} == {Channel.TELEGRAM}


async def test_a_receipt_may_come_before_its_complaint(answers: Bench) -> None:
    event = answers.maker.event()
    answers.note_entered(receipt(event))
    answers.note(event)
    async with answers.sending():
        await answers.ended(2)
    assert ["9165816" in text for text in answers.platform.texts_to(PHONE)] == [False, True]


async def test_what_is_in_lapor_already_is_not_told_as_received(answers: Bench) -> None:
    event = answers.maker.event()
    answers.platform.moods.append("away")
    answers.note(event)
    async with answers.sending():
        await answers.postponed()
        answers.note_entered(receipt(event))
        answers.maker.clock.advance(seconds=2)
        await answers.ended(1)
        answers.maker.clock.advance(minutes=2)
        await answers.ended(2)
    assert answers.ends() == [
        (ReplyKind.ENTERED, ReplyState.SENT, None),
        (ReplyKind.RECEIVED, ReplyState.SUPPRESSED, "superseded"),
    ]
    assert len(answers.platform.taken) == 1


async def test_only_the_kinds_of_the_settings(answers: Bench) -> None:
    answers.kinds = ()
    answers.outbox.close()
    answers.outbox = Outbox(answers.path, tells_entered=False)
    event = answers.maker.event()
    answers.note(event)
    answers.note_entered(receipt(event))
    assert answers.outbox.waiting() == 0


@pytest.mark.parametrize("relation", list(Relation))
async def test_what_belongs_to_an_earlier_item_is_not_answered(
    answers: Bench, relation: Relation
) -> None:
    event = answers.maker.event(relation=relation)
    answers.note(event)
    answers.note_entered(receipt(event))
    assert answers.outbox.waiting() == 0


@pytest.mark.parametrize(
    "exclusion", [Exclusion.AUTO_REPLY, Exclusion.MAILING_LIST, Exclusion.CALL_RECORD]
)
async def test_what_is_no_complaint_is_not_answered(answers: Bench, exclusion: Exclusion) -> None:
    answers.note(answers.maker.event(exclusion=exclusion))
    assert answers.outbox.waiting() == 0


async def test_without_a_way_back_nothing_is_owed(answers: Bench) -> None:
    event = answers.maker.event(answerable=False)
    answers.note(event)
    answers.note_entered(receipt(event))
    assert answers.outbox.waiting() == 0


async def test_a_missed_call_has_words_of_its_own(answers: Bench) -> None:
    answers.replier(Channel.SMS, "1708")
    event = answers.maker.event(channel=Channel.CALL_CENTER, awaits=Awaits.CALL_BACK)
    answers.note(event)
    async with answers.sending():
        await answers.ended(1)
    assert "tidak terjawab" in answers.platform.taken[0].text


async def test_a_walk_in_with_a_mobile_number_is_answered_by_sms(answers: Bench) -> None:
    answers.replier(Channel.SMS, "1708")
    answers.replier(Channel.SMS, "second")
    event = answers.maker.event(channel=Channel.WALK_IN, account="kantor")
    assert event.reporter.reachable_on is Channel.SMS
    answers.note(event)
    async with answers.sending():
        (outcome,) = await answers.ended(1)
    assert [message.account for message in answers.platform.taken] == ["1708"]
    assert len(answers.platform.taken[0].text) <= 160
    # The outcome is the complaint's: it came in at the office.
    assert (outcome.channel, outcome.account) == (Channel.WALK_IN, "kantor")


async def test_an_account_that_does_not_answer_is_recorded(answers: Bench) -> None:
    answers.note(answers.maker.event(account="other"), answers.maker.event(account="other"))
    async with answers.sending():
        await answers.ended(2)
    assert {(one.state, one.reason) for one in answers.outcomes()} == {
        (ReplyState.SUPPRESSED, "no_replier")
    }
    assert answers.platform.calls == 0


async def test_a_late_received_is_held_back_and_a_late_entered_is_not(answers: Bench) -> None:
    event = answers.maker.event(received_at=NOON - timedelta(hours=25))
    answers.note(event)
    answers.note_entered(receipt(event))
    async with answers.sending():
        await answers.ended(2)
    assert answers.ends() == [
        (ReplyKind.ENTERED, ReplyState.SENT, None),
        (ReplyKind.RECEIVED, ReplyState.SUPPRESSED, "too_late"),
    ]


async def test_after_the_platform_s_time_nothing_is_sent(answers: Bench) -> None:
    event = answers.maker.event(expires_at=NOON + timedelta(hours=1))
    answers.note(event)
    async with answers.sending():
        await answers.ended(1)
        answers.maker.clock.advance(hours=1)
        answers.note_entered(receipt(event))
        await answers.ended(2)
    assert (ReplyKind.ENTERED, ReplyState.SUPPRESSED, "expired") in answers.ends()
    assert len(answers.platform.taken) == 1


async def test_in_public_only_the_invitation_without_a_number(answers: Bench) -> None:
    event = answers.maker.event(public=True)
    asked = answers.maker.event(
        f"/status {event.reference}", exclusion=Exclusion.COMMAND, public=True
    )
    answers.note(event, asked)
    answers.note_entered(receipt(event))
    async with answers.sending():
        await answers.ended(3)
    assert (ReplyKind.ENTERED, ReplyState.SUPPRESSED, "public") in answers.ends()
    assert len(answers.platform.taken) == 2
    for message in answers.platform.taken:
        assert "pesan pribadi" in message.text
        assert "NGW" not in message.text
        assert "9165816" not in message.text


async def test_a_reporter_gets_so_many_answers_a_day_and_no_more(answers: Bench) -> None:
    for _ in range(5):
        answers.note(answers.maker.event())
    other = answers.maker.event(phone="+6281200009777")
    answers.note(other)
    async with answers.sending(daily_cap=3):
        await answers.ended(6)
        assert len(answers.platform.texts_to(PHONE)) == 3
        assert len(answers.platform.texts_to("+6281200009777")) == 1
        assert answers.ends().count((ReplyKind.RECEIVED, ReplyState.SUPPRESSED, "daily_cap")) == 2
        # 17:30 UTC is half past midnight in Ngawi.
        answers.maker.clock.at = NOON.replace(hour=17, minute=30)
        answers.note(answers.maker.event())
        await answers.ended(7)
    assert len(answers.platform.texts_to(PHONE)) == 4


async def test_the_cap_counts_an_address_where_there_is_no_reporter_key(answers: Bench) -> None:
    for _ in range(3):
        event = answers.maker.event(phone=None)
        assert event.reporter.key is None
        answers.note(event)
    async with answers.sending(daily_cap=2):
        await answers.ended(3)
    assert len(answers.platform.texts_to("98765")) == 2
    assert b"98765" not in answers.path.read_bytes()


async def test_a_way_back_sealed_for_a_lost_key_is_recorded(
    answers: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("other-keys")
    new_key_pair(elsewhere / "public.json", elsewhere / "private")
    answers.maker.sealer = load_sealer(elsewhere / "public.json")
    answers.note(answers.maker.event())
    async with answers.sending():
        await answers.ended(1)
    assert answers.ends() == [(ReplyKind.RECEIVED, ReplyState.FAILED, "cannot_open")]


async def test_whatsapp_s_ids_hold_numbers_and_are_hashed(answers: Bench) -> None:
    answers.replier(Channel.WHATSAPP, "62351")
    event = answers.maker.event(channel=Channel.WHATSAPP, account="62351")
    answers.note(event, answers.maker.event())
    async with answers.sending():
        await answers.ended(2)
    kept = {
        due.item.channel: due.answer.provider_id or ""
        for due in answers.standing_in(AnswerState.SENT)
    }
    assert kept[Channel.WHATSAPP].startswith("hidden:")
    assert kept[Channel.TELEGRAM].startswith("sent-")


async def test_old_answers_are_forgotten_and_owed_ones_are_not(answers: Bench) -> None:
    answers.note(answers.maker.event())
    async with answers.sending():
        await answers.ended(1)
    later = NOON + timedelta(days=91)
    assert answers.outbox.forget(later) == 0
    answers.outbox.told([key for key, _ in answers.outbox.owed()])
    waiting = answers.maker.event()
    answers.note(waiting)
    assert answers.outbox.forget(NOON) == 0
    assert answers.outbox.forget(later) == 1
    assert answers.outbox.waiting() == 1
