"""Words to the gateway, and who may hear how a complaint stands."""

import pytest

from connectors.answering.decide import known, shown_provider_id, wanted
from connectors.answering.rows import Asked
from normalizer.event import Channel, Exclusion
from normalizer.outcome import ReplyKind
from tests.connectors.answering.bench import Bench
from tests.connectors.answering.making import PHONE, Maker, receipt

OTHER = "+6281200009777"


@pytest.mark.parametrize(
    ("text", "asked", "about"),
    [
        ("/start", Asked.HELP, None),
        ("/bantuan", Asked.HELP, None),
        ("/help", Asked.HELP, None),
        ("/apa saja", Asked.HELP, None),
        ("/status", Asked.HELP, None),
        ("/status besok", Asked.HELP, None),
        ("/status NGW-26-7K3M9QXA", Asked.STATUS, "NGW-26-7K3M9QXA"),
        ("/STATUS@NgawiBot ngw 26 7k3m 9qxa", Asked.STATUS, "NGW-26-7K3M9QXA"),
        ("/status\nNGW-26-7K3M9QXA", Asked.STATUS, "NGW-26-7K3M9QXA"),
        ("status ngw.26.7k3m9qxa", Asked.STATUS, "NGW-26-7K3M9QXA"),
        ("", Asked.HELP, None),
    ],
)
def test_what_a_word_asks_for(maker: Maker, text: str, asked: Asked, about: str | None) -> None:
    item = known(maker.event(exclusion=Exclusion.COMMAND))
    assert item is not None
    answer = wanted(item, text, "NGW", tells_received=False)
    assert answer is not None
    assert (answer.kind, answer.asked, answer.about) == (ReplyKind.COMMAND, asked, about)


async def _told(answers: Bench, question: str, phone: str | None = PHONE) -> str:
    event = answers.maker.event(question, exclusion=Exclusion.COMMAND, phone=phone)
    before = len(answers.outcomes())
    answers.note(event)
    async with answers.sending():
        await answers.ended(before + 1)
    return answers.platform.taken[-1].text


async def test_help_is_told(answers: Bench) -> None:
    assert "/status NOMOR" in await _told(answers, "/start")


async def test_a_command_is_no_complaint(answers: Bench) -> None:
    event = answers.maker.event("/bantuan", exclusion=Exclusion.COMMAND)
    answers.note(event)
    answers.note_entered(receipt(event))
    assert answers.outbox.waiting() == 1
    async with answers.sending():
        await answers.ended(1)
    assert "tidak ditemukan" in await _told(answers, f"/status {event.reference}")


async def test_the_reporter_hears_how_it_stands(answers: Bench) -> None:
    event = answers.maker.event(answerable=False)
    answers.note(event)
    told = await _told(answers, f"/status {event.reference}")
    assert "kami terima pada 2 Maret 2026 dan belum masuk" in told
    answers.note_entered(receipt(event))
    told = await _told(answers, f"/status {event.reference}")
    assert event.reference in told
    assert "dengan nomor 9165816" in told


async def test_the_same_reporter_may_ask_on_another_channel(answers: Bench) -> None:
    event = answers.maker.event(channel=Channel.WALK_IN, account="kantor", answerable=False)
    answers.note(event)
    assert "kami terima" in await _told(answers, f"/status {event.reference}")


async def test_somebody_else_hears_the_same_as_about_a_number_that_is_none(
    answers: Bench,
) -> None:
    event = answers.maker.event(answerable=False)
    answers.note(event)
    answers.note_entered(receipt(event))
    for phone in (OTHER, None):
        told = await _told(answers, f"/status {event.reference}", phone)
        nothing = await _told(answers, "/status NGW-26-00000000", phone)
        assert told.replace(event.reference, "NGW-26-00000000") == nothing
        assert "tidak ditemukan" in told


async def test_a_slip_without_a_sender_belongs_to_who_holds_its_number(answers: Bench) -> None:
    event = answers.maker.event(
        channel=Channel.COMPLAINT_BOX, account="kotak", phone=None, answerable=False
    )
    answers.note(event)
    assert "kami terima" in await _told(answers, f"/status {event.reference}", OTHER)


@pytest.mark.parametrize(
    ("channel", "provider_id", "hidden"),
    [
        (Channel.WHATSAPP, "wamid.HBgNNjI4MTIwMDAw", True),
        (Channel.SMS, "SM6281200009123-1", True),
        (Channel.EMAIL, "<SRI@contoh.example>", True),
        (Channel.SMS, "x" * 201, True),
        (Channel.SMS, "SM0f3a", False),
    ],
)
def test_ids_that_tell_an_address_are_hashed(
    channel: Channel, provider_id: str, hidden: bool
) -> None:
    address = "sri@contoh.example" if channel is Channel.EMAIL else PHONE
    kept = shown_provider_id(channel, provider_id, address)
    assert kept is not None
    assert kept.startswith("hidden:") is hidden
    assert hidden or kept == provider_id
    assert shown_provider_id(channel, None, address) is None
