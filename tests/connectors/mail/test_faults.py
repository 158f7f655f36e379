"""A real Dovecot behind bad lines, with damaged files and without keywords."""

import asyncio
import hashlib

import pytest

from connectors.mail.connector import MailConnector
from gateway.errors import NotConnected
from normalizer.draft import Rejection, RejectionReason
from tests.connectors.mail.house import House, mailbox
from tests.connectors.mail.marks import (
    KEYWORD,
    found,
    mail,
    until_marked,
    until_the_thread_has_ended,
)
from tests.connectors.mail.meddler import meddling
from tests.servers.dovecot import Dovecot
from tests.waiting import eventually

#: Much more than the server says before the first mail, much less than a large one.
MIDDLE = 200_000


def large(mark: str) -> bytes:
    return mail(mark) + b"jalan rusak\r\n" * 100_000


async def test_a_line_cut_in_the_middle_of_a_mail_is_mended(house: House, dovecot: Dovecot) -> None:
    dovecot.append(large("PANJANG"), mail("PENDEK"))
    cuts = iter(range(3))

    def cut(said: bytes, before: int) -> bytes | None:
        return None if before > MIDDLE and next(cuts, None) is not None else said

    async with (
        meddling(dovecot.port, cut) as meddler,
        house.polling(mailbox(meddler.port)),
    ):
        await house.holds(2)
        await until_marked(dovecot, 2)
    assert meddler.cuts == 3
    assert house.times == 2
    assert await house.bench.rejected() == []
    # Whole, to the last byte: larger than a record, it is kept under its hash.
    stored = {private.raw for _, private in await house.events() if private.raw_encoding == "blob"}
    assert stored == {hashlib.sha256(large("PANJANG")).hexdigest()}


async def test_a_mail_that_always_breaks_the_line_comes_last_and_is_set_aside(
    house: House, dovecot: Dovecot
) -> None:
    dovecot.append(large("BERACUN"), *(mail(f"SEHAT{number}") for number in range(3)))

    def cut(said: bytes, before: int) -> bytes | None:
        return None if before > MIDDLE else said

    async with (
        meddling(dovecot.port, cut) as meddler,
        house.polling(mailbox(meddler.port)),
    ):
        await house.holds(4)
        await until_marked(dovecot, 4)
    assert meddler.cuts == 6
    # The healthy ones did not wait for it.
    (rejected,) = await house.bench.rejected()
    assert list(house.kept)[-1] == rejected.item_id
    assert rejected.reason == RejectionReason.UNREADABLE
    assert "BERACUN" in house.bench.opener.open(rejected.sealed).raw
    assert found(dovecot, "ALL") == 4


async def test_a_mail_that_the_server_cannot_read_is_named_by_its_place(
    house: House, dovecot: Dovecot
) -> None:
    (uid,) = dovecot.append(mail("RUSAK"))
    dovecot.append(mail("BAIK"))
    (damaged,) = [path for path in dovecot.files() if b"RUSAK" in path.read_bytes()]
    damaged.chmod(0)
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(2)
    (rejected,) = await house.bench.rejected()
    assert rejected.reason == RejectionReason.UNREADABLE
    assert house.bench.opener.open(rejected.sealed).raw.strip().endswith(f"/{uid}")


@pytest.mark.parametrize("idle", [True, False])
async def test_a_server_that_falls_silent_is_left_and_asked_again(
    house: House, dovecot: Dovecot, idle: bool
) -> None:
    silent = False

    def quiet(said: bytes, _: int) -> bytes:
        return b"" if silent and meddler.connections == 1 else said

    async with (
        meddling(dovecot.port, quiet) as meddler,
        house.polling(mailbox(meddler.port, timeout_seconds=1, idle=idle)),
    ):
        await asyncio.to_thread(dovecot.append, mail("SATU"))
        await house.holds(1)
        silent = True
        await asyncio.to_thread(dovecot.append, mail("DUA"))
        # Nobody told it that the line is dead; it finds out and comes again.
        await house.holds(2)
        assert meddler.connections == 2


async def test_a_server_that_drips_is_left(house: House, dovecot: Dovecot) -> None:
    dovecot.append(large("MENETES"))
    dripping = True

    def drip(said: bytes, before: int) -> bytes:
        # Silent after a while; the time-out of the socket alone is five minutes.
        return said if not dripping or before < MIDDLE else b""

    async with meddling(dovecot.port, drip) as meddler:
        settings = mailbox(meddler.port, timeout_seconds=300)
        connector = MailConnector(settings, house.directory, longest_step_seconds=1)
        await connector.connect()
        with pytest.raises(NotConnected, match="too long"):
            await connector.receive()
        await connector.close()
        dripping = False
        await connector.connect()
        delivery = await connector.receive()
        assert not isinstance(delivery.item, Rejection)
        await connector.close()


async def test_a_stop_does_not_wait_for_a_dead_server(house: House, dovecot: Dovecot) -> None:
    dovecot.append(mail("MATI"))
    silent = False

    async with meddling(dovecot.port, lambda said, _: b"" if silent else said) as meddler:
        connector = house.connector(mailbox(meddler.port, timeout_seconds=300))
        await connector.connect()
        silent = True
        asked = len(meddler.heard)
        receiving = asyncio.ensure_future(connector.receive())

        async def asks() -> bool:
            return len(meddler.heard) > asked

        await eventually(asks, "a command")
        receiving.cancel()
        await connector.close()
        # It waited for an answer that does not come, for 300 s.
        await until_the_thread_has_ended()


async def test_a_restarted_server_is_found_again(house: House, dovecot: Dovecot) -> None:
    async with house.polling(mailbox(dovecot.port)):
        for number in range(2):
            await asyncio.to_thread(dovecot.append, mail(f"ULANG{number}"))
            await house.holds(number + 1)
            await asyncio.to_thread(dovecot.stop)
            await asyncio.to_thread(dovecot.start)
        await asyncio.to_thread(dovecot.append, mail("ULANG2"))
        await house.holds(3)
    assert len(house.kept) == 3


async def test_a_folder_that_takes_nothing_holds_nobody_up(house: House, dovecot: Dovecot) -> None:
    dovecot.append(*(mail(f"MACET{number}") for number in range(3)))
    connector = house.connector(mailbox(dovecot.port, after="move", move_to="Selesai"))
    await connector.connect()
    target = dovecot.folder("Selesai")
    target.rename(target.with_name("elsewhere"))
    for _ in range(3):
        delivery = await connector.receive()
        await house.accept(delivery.item)
        await delivery.settle()
    assert found(dovecot, "ALL") == 3
    target.with_name("elsewhere").rename(target)
    receiving = asyncio.ensure_future(connector.receive())

    async def moved() -> bool:
        return await asyncio.to_thread(found, dovecot, "ALL") == 0

    await eventually(moved, "the mails are moved after all")
    receiving.cancel()
    await connector.close()
    assert house.times == len(house.kept) == 3


@pytest.mark.parametrize("marks", [True, False])
async def test_another_uidvalidity(house: House, dovecot: Dovecot, marks: bool) -> None:
    dovecot.append(*(mail(f"LAMA{number}") for number in range(3)))

    def without_keywords(said: bytes, _: int) -> bytes:
        return said if marks else said.replace(b" \\*)]", b")]").replace(KEYWORD.encode(), b"$Lain")

    async with meddling(dovecot.port, without_keywords) as meddler:
        connector = house.connector(mailbox(meddler.port))
        await connector.connect()
        for _ in range(3):
            delivery = await connector.receive()
            await house.accept(delivery.item)
            await delivery.settle()
        await connector.close()
        dovecot.stop()
        dovecot.forget_uids()
        dovecot.start()
        dovecot.append(mail("BARU"))
        async with house.polling(mailbox(meddler.port)):
            await house.holds(4)
        # With marks only the new mail is read; without, all of them, under the same ids.
        assert house.times == (4 if marks else 7)
        dovecot.append(mail("PALINGBARU"))
        async with house.polling(mailbox(meddler.port)):
            await house.holds(5)
    assert len(house.kept) == 5


async def test_a_lost_mark_makes_no_second_complaint(house: House, dovecot: Dovecot) -> None:
    (uid,) = dovecot.append(mail("TERHAPUS"))
    async with house.polling(mailbox(dovecot.port)):
        await until_marked(dovecot, 1)

        def unmark() -> None:
            with dovecot.client() as client:
                client.set_flags([uid], [b"\\Seen"])

        await asyncio.to_thread(unmark)
        await until_marked(dovecot, 1)
    assert len(house.kept) == 1


async def test_a_damaged_file_of_ids_does_not_stop_the_mailbox(
    house: House, dovecot: Dovecot
) -> None:
    (house.directory / "mail.db").write_bytes(b"no database at all " * 100)
    dovecot.append(mail("SELAMAT"))
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(1)


async def test_a_fault_of_our_own_reading_costs_one_mail(
    house: House, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, __: bytes) -> object:
        raise ZeroDivisionError

    dovecot.append(mail("AKIBAT"))
    monkeypatch.setattr("connectors.mail.reader.read_mail", broken)
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(1)
    (rejected,) = await house.bench.rejected()
    assert rejected.reason == RejectionReason.CONNECTOR_FAILED
    assert "AKIBAT" in house.bench.opener.open(rejected.sealed).raw
