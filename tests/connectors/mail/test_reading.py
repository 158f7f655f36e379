"""A real Dovecot: what is taken, in which order, and what is never taken twice."""

import asyncio
import random

import pytest

from gateway.errors import NotConnected, NotKept
from normalizer.draft import Draft, RejectionReason
from tests.connectors.mail import dirt
from tests.connectors.mail.house import House, mailbox
from tests.connectors.mail.marks import (
    KEYWORD,
    found,
    mail,
    until_marked,
    until_the_thread_has_ended,
)
from tests.connectors.mail.meddler import meddling
from tests.servers.dovecot import USER, Dovecot
from tests.waiting import eventually


async def test_a_mail_that_comes_while_nothing_happens_is_taken_at_once(
    house: House, dovecot: Dovecot
) -> None:
    # The poll alone would need 25 minutes.
    async with house.polling(mailbox(dovecot.port, poll_seconds=1500)):
        for number in range(3):
            await asyncio.to_thread(dovecot.append, mail(f"IDLE{number}"))
            await house.holds(number + 1, "the mail during IDLE")


async def test_a_server_without_idle_is_asked(house: House, dovecot: Dovecot) -> None:
    async with house.polling(mailbox(dovecot.port, idle=False)):
        for number in range(2):
            await asyncio.to_thread(dovecot.append, mail(f"TANYA{number}"))
            await house.holds(number + 1)


async def test_what_others_have_read_and_flagged_is_taken_too(
    house: House, dovecot: Dovecot
) -> None:
    uids = dovecot.append(mail("DIBACA"), mail("DITANDAI"), mail("DIJAWAB"))
    with dovecot.client() as client:
        client.add_flags(uids[:1], [b"\\Seen"])
        client.add_flags(uids[1:2], [b"\\Flagged", b"\\Deleted"])
        # Our mark, of another gateway: this one's log knows nothing of it.
        client.add_flags(uids[2:], [b"\\Answered", KEYWORD])
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(3)


async def test_a_full_disk_holds_everything_back_until_there_is_room(
    house: House, dovecot: Dovecot
) -> None:
    dovecot.append(*(mail(f"PENUH{number}") for number in range(5)))
    house.bench.log.before = NotKept("disk full")
    async with house.polling(mailbox(dovecot.port)):
        await asyncio.to_thread(dovecot.append, mail("PENUH5"))

        async def refused() -> bool:
            return house.refused > 2

        await eventually(refused, "the log refuses")
        assert await asyncio.to_thread(found, dovecot, "KEYWORD", KEYWORD) == 0
        house.bench.log.before = None
        await until_marked(dovecot, 6)
    assert house.times == len(house.kept) == 6
    # Reading marks nothing else: people still see what they have not read.
    assert found(dovecot, "UNSEEN") == 6


async def test_a_fall_between_log_and_mark_is_one_complaint(house: House, dovecot: Dovecot) -> None:
    dovecot.append(mail("JATUH"))
    first = house.connector(mailbox(dovecot.port))
    await first.connect()
    delivery = await first.receive()
    await house.accept(delivery.item)
    await first.close()
    async with house.polling(mailbox(dovecot.port)):
        await until_marked(dovecot, 1)
    assert house.times == 2
    assert len(house.kept) == 1


async def test_a_stop_during_idle_loses_nothing_and_does_not_wait(
    house: House, dovecot: Dovecot
) -> None:
    async with meddling(dovecot.port, lambda said, _: said) as meddler:
        # IDLE would last 25 minutes.
        connector = house.connector(mailbox(meddler.port, poll_seconds=1500))
        await connector.connect()
        receiving = asyncio.ensure_future(connector.receive())

        async def idling() -> bool:
            return b"IDLE" in meddler.heard

        await eventually(idling, "IDLE")
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        await connector.close()
        await until_the_thread_has_ended()
        await asyncio.to_thread(dovecot.append, mail("SESUDAH"))
        await connector.connect()
        assert isinstance((await connector.receive()).item, Draft)
        await connector.close()


@pytest.mark.parametrize("after", ["flag", "move"])
async def test_a_mail_that_is_too_large_stays_and_blocks_nobody(
    house: House, dovecot: Dovecot, after: str
) -> None:
    dovecot.append(mail("BESAR") + b"x" * 20_000, mail("KECIL"))
    moved = {"after": "move", "move_to": "Selesai"} if after == "move" else {}
    settings = mailbox(dovecot.port, max_message_bytes=10_000, **moved)
    for _ in range(2):
        async with house.polling(settings):
            await house.holds(2)
            await until_marked(dovecot, 1 if after == "move" else 2)
    assert house.times == 2
    (rejected,) = await house.bench.rejected()
    assert rejected.reason == RejectionReason.TOO_LARGE
    private = house.bench.opener.open(rejected.sealed)
    assert "BESAR" in private.raw
    assert "xxxx" not in private.raw
    assert found(dovecot, "SUBJECT", "BESAR") == 1
    if after == "move":
        assert found(dovecot, "ALL") == 1
        assert found(dovecot, "SUBJECT", "KECIL", folder="Selesai") == 1


async def test_a_size_that_the_server_did_not_tell_is_noticed(
    house: House, dovecot: Dovecot
) -> None:
    dovecot.append(mail("BOHONG") + b"x" * 20_000)

    def smaller(said: bytes, _: int) -> bytes:
        return said.replace(b"RFC822.SIZE 20", b"RFC822.SIZE 00")

    async with (
        meddling(dovecot.port, smaller) as meddler,
        house.polling(mailbox(meddler.port, max_message_bytes=10_000)),
    ):
        await house.holds(1)
    (rejected,) = await house.bench.rejected()
    assert rejected.reason == RejectionReason.TOO_LARGE


async def test_a_reused_message_id_is_not_a_repeat(house: House, dovecot: Dovecot) -> None:
    one = mail("SAMA").replace(b"rusak", b"longsor")
    two = mail("SAMA")
    # The third is the first on another way: another Received, the same mail.
    dovecot.append(one, two, b"Received: from mx.example\r\n" + one)
    async with house.polling(mailbox(dovecot.port)):
        await until_marked(dovecot, 3)
    assert house.times == 3
    assert len(house.kept) == 2


async def test_two_mailboxes_of_one_group_make_one_complaint(
    house: House, dovecot: Dovecot
) -> None:
    with dovecot.client() as client:
        client.create_folder("Bupati")
    dovecot.append(mail("KEDUANYA"))
    dovecot.append(mail("KEDUANYA"), folder="Bupati")
    for settings in (
        mailbox(dovecot.port, group="surel"),
        mailbox(dovecot.port, name="bupati", folder="Bupati", group="surel"),
    ):
        connector = house.connector(settings)
        assert connector.account == settings.name
        await connector.connect()
        delivery = await connector.receive()
        await house.accept(delivery.item)
        await delivery.settle()
        await connector.close()
    ((event, _),) = await house.events()
    assert event.account == "surel"
    assert house.times == 2


async def test_an_answer_is_related_to_the_mail_that_came_here(
    house: House, dovecot: Dovecot
) -> None:
    answer = (
        "From: sri.contoh@warga.example\r\nSubject: Re: Aduan\r\nMessage-ID: <b@warga.example>\r\n"
        "References: <asing@lain.example> <PERTAMA@warga.example> <antara@lain.example>\r\n"
        "In-Reply-To: <antara@lain.example>\r\n\r\nMasih rusak\r\n"
    )
    dovecot.append(mail("PERTAMA"), answer.encode())
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(2)
    first, second = [event for event, _ in await house.events()]
    assert first.relates_to is None
    assert second.relates_to == first.complaint_id


async def test_mails_that_others_delete_meanwhile_are_passed_over(
    house: House, dovecot: Dovecot
) -> None:
    uids = dovecot.append(*(mail(f"HAPUS{number}") for number in range(4)))
    connector = house.connector(mailbox(dovecot.port))
    await connector.connect()
    first = await connector.receive()
    with dovecot.client() as client:
        client.delete_messages(uids[1:3])
        client.expunge()
    await house.accept(first.item)
    await first.settle()
    last = await connector.receive()
    await house.accept(last.item)
    await last.settle()
    await connector.close()
    assert {text and text[-6:] for text in await house.texts()} == {"HAPUS0", "HAPUS3"}


async def test_one_mailbox_has_one_owner(house: House, dovecot: Dovecot) -> None:
    first, second = (house.connector(mailbox(dovecot.port)) for _ in range(2))
    await first.connect()
    with pytest.raises(NotConnected, match="another process"):
        await second.connect()
    await second.close()
    await first.close()
    await second.connect()
    await second.close()


async def test_a_bounce_is_kept_aside(house: House, dovecot: Dovecot) -> None:
    dovecot.append(dirt.bounce(random.Random(7), "PANTUL"))
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(1)
    (rejected,) = await house.bench.rejected()
    assert rejected.reason == RejectionReason.BOUNCE


async def test_a_wrong_password_says_what_to_check(house: House, dovecot: Dovecot) -> None:
    connector = house.connector(mailbox(dovecot.port, password="salah sekali"))
    with pytest.raises(NotConnected, match="log in") as told:
        await connector.connect()
    await connector.close()
    assert "salah" not in str(told.value)
    assert USER not in str(told.value)
