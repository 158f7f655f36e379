"""A real Dovecot: every mail is one event or one recorded rejection, whatever happens meanwhile."""

import asyncio
import base64
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest

from connectors.mail.connector import MailConnector
from connectors.mail.settings import MailAccount
from gateway.attachments import AttachmentStore
from gateway.blobs import Blobs, make_blobs
from gateway.errors import NotConnected, NotKept
from gateway.intake import Intake
from gateway.polling import PollingDriver
from gateway.sealing import load_sealer
from gateway.settings import read_config
from normalizer.draft import Draft, RejectionReason
from normalizer.event import Exclusion
from normalizer.normalize import Context
from tests.connectors.mail.dirt import bounce, dirty_mail, plain
from tests.intake_bench import TOPICS, Bench, Keys
from tests.servers import ServerMissing, free_ports
from tests.servers.dovecot import PASSWORD, USER, Dovecot, running_dovecot
from tests.servers.fixtures import absent
from tests.servers.tcp_proxy import Fault, tcp_proxy
from tests.waiting import eventually

MAILS = 500
CHANCE = random.Random(20260302)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    try:
        with running_dovecot() as server:
            yield server
    except ServerMissing as missing:
        absent("Dovecot", missing)


def account(port: int, **changed: object) -> MailAccount:
    values: dict[str, object] = {
        "name": "aduan",
        "host": "127.0.0.1",
        "port": port,
        "security": "plain",
        "username": USER,
        "password": PASSWORD,
        "poll_seconds": 1.0,
        "timeout_seconds": 10.0,
        "addresses": (USER,),
    }
    return MailAccount.model_validate(values | changed)


class House:
    """An intake with a store for attachments, and what came into its log."""

    def __init__(self, bench: Bench, keys: Keys, directory: Path) -> None:
        (directory / "gateway.toml").write_text("", encoding="utf-8")
        blobs: Blobs = make_blobs(read_config(directory / "gateway.toml"))
        sealer = load_sealer(keys.public)
        self.bench = bench
        self.directory = directory
        self.intake = Intake(
            bench.log,  # type: ignore[arg-type]  # it hands everything but append through
            TOPICS,
            Context(reporter_key_secret=b"s" * 32),
            sealer,
            contents=AttachmentStore(blobs, sealer, 1_000_000),
        )

    @asynccontextmanager
    async def polling(self, settings: MailAccount) -> AsyncIterator[MailConnector]:
        connector = MailConnector(settings, self.directory)
        task = asyncio.create_task(PollingDriver(connector, self.intake, _soon).run())
        try:
            yield connector
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def ids_by_mark(self, marks: set[str]) -> dict[str, set[UUID]]:
        """Which ids of events and rejections hold which mark, in the raw bytes as they came."""
        found: dict[str, set[UUID]] = defaultdict(set)
        events = {one.complaint_id: one.sealed for one in await self.bench.events()}
        rejected = {one.item_id: one.sealed for one in await self.bench.rejected()}
        for item_id, sealed in (events | rejected).items():
            raw = self.bench.opener.open(sealed or "").raw
            for mark in marks:
                if mark in raw or _hidden(mark) in raw:
                    found[mark].add(item_id)
        return found

    async def count(self) -> int:
        events = {one.complaint_id for one in await self.bench.events()}
        return len(events | {one.item_id for one in await self.bench.rejected()})


def _hidden(mark: str) -> str:
    # Bytes that are no UTF-8 are kept as base64; the mark stands near their beginning.
    return base64.b64encode(mark.encode()).decode()[:-4]


async def _soon(_: float) -> None:
    await asyncio.sleep(0.02)


@pytest.fixture
def house(bench: Bench, keys: Keys, tmp_path: Path) -> House:
    return House(bench, keys, tmp_path)


async def test_five_hundred_dirty_mails_through_everything_that_happens(
    house: House, dovecot: Dovecot
) -> None:
    marks = [f"TANDA{number:04d}AKHIR" for number in range(MAILS)]
    for mark in marks:
        dovecot.drop_in(mark, dirty_mail(CHANCE, mark).replace(b"\x00", b" "))
    (port,) = free_ports(1)

    async def reached(share: float) -> None:
        async def there() -> bool:
            return await house.count() >= MAILS * share

        await eventually(there, f"{share:.0%} of the mails", 240)

    async with tcp_proxy(port, dovecot.port) as proxy, house.polling(account(port)):
        await reached(0.2)
        # Cut in the middle of whatever is on the wire, several times.
        for _ in range(5):
            proxy.cut()
            await asyncio.sleep(0.05)
        await reached(0.4)
        await asyncio.to_thread(_read_and_shuffle, dovecot)
        await reached(0.6)
        await asyncio.to_thread(_renumber, dovecot)
        await reached(0.8)
        proxy.set_fault(Fault.HOLD)
        await asyncio.sleep(0.2)
        proxy.set_fault(Fault.NONE)
        proxy.cut()
        await reached(1.0)
    found = await house.ids_by_mark(set(marks))
    assert {mark: len(ids) for mark, ids in found.items() if len(ids) != 1} == {}
    raws = len(found)
    # Bytes that were kept as base64 hide their mark from a search; their number must fit.
    assert await house.count() == MAILS
    assert raws > MAILS * 0.9
    reasons = Counter(one.reason for one in await house.bench.rejected())
    assert set(reasons) >= {RejectionReason.BOUNCE, RejectionReason.OWN_MESSAGE}
    excluded = Counter(one.exclusion for one in await house.bench.events())
    assert set(excluded) >= {Exclusion.AUTO_REPLY, Exclusion.MAILING_LIST}


def _read_and_shuffle(dovecot: Dovecot) -> None:
    """A person reads everything in a mail program, and moves some mails there and back."""
    with dovecot.client() as client:
        uids = client.search("ALL")
        client.add_flags(uids, [b"\\Seen"])
        client.create_folder("Dibaca")
        for uid in uids[:20] + uids[-20:]:
            client.move([uid], "Dibaca")
        client.select_folder("Dibaca")
        for uid in client.search("ALL"):
            client.move([uid], "INBOX")


def _renumber(dovecot: Dovecot) -> None:
    dovecot.kill()
    dovecot.forget_uids()
    dovecot.start()


async def test_a_mail_that_comes_while_nothing_happens_is_taken_at_once(
    house: House, dovecot: Dovecot
) -> None:
    # The poll alone would need 25 minutes.
    async with house.polling(account(dovecot.port, poll_seconds=1500)):
        for number in range(3):
            await asyncio.to_thread(dovecot.append, plain(CHANCE, f"IDLE{number}"))

            async def there(wanted: int = number + 1) -> bool:
                return await house.count() == wanted

            await eventually(there, "the mail during IDLE")


async def test_a_server_that_falls_silent_is_left_and_asked_again(
    house: House, dovecot: Dovecot
) -> None:
    (port,) = free_ports(1)
    async with (
        tcp_proxy(port, dovecot.port) as proxy,
        house.polling(account(port, timeout_seconds=1, idle=False)),
    ):
        dovecot.append(plain(CHANCE, "SATU"))

        async def one() -> bool:
            return await house.count() == 1

        await eventually(one, "the first mail")
        proxy.set_fault(Fault.HOLD)
        await asyncio.to_thread(dovecot.append, plain(CHANCE, "DUA"))
        await asyncio.sleep(1.5)
        proxy.set_fault(Fault.NONE)

        async def two() -> bool:
            return await house.count() == 2

        await eventually(two, "the second mail")


@pytest.mark.parametrize("after", ["flag", "move"])
async def test_a_mail_that_is_too_large_stays_and_blocks_nobody(
    house: House, dovecot: Dovecot, after: str
) -> None:
    large = plain(CHANCE, "BESAR") + b"x" * 20_000
    dovecot.append(large, plain(CHANCE, "KECIL"))
    with dovecot.client() as client:
        client.create_folder("Selesai")
    moved = {"after": "move", "move_to": "Selesai"} if after == "move" else {}
    settings = account(dovecot.port, max_message_bytes=10_000, **moved)

    def left() -> list[bytes]:
        with dovecot.client() as client:
            told = client.fetch(client.search("ALL"), ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]"])
        return [one[b"BODY[HEADER.FIELDS (SUBJECT)]"] for one in told.values()]

    for _ in range(2):
        async with house.polling(settings):

            async def both() -> bool:
                return await house.count() == 2

            await eventually(both, "both mails")

            async def settled() -> bool:
                return after == "flag" or len(await asyncio.to_thread(left)) == 1

            await eventually(settled, "the small one is moved")
    (rejected,) = {one.item_id: one for one in await house.bench.rejected()}.values()
    assert rejected.reason == RejectionReason.TOO_LARGE
    assert any(b"BESAR" in subject for subject in left())


async def test_nothing_is_marked_before_the_log_has_it(house: House, dovecot: Dovecot) -> None:
    dovecot.append(plain(CHANCE, "TUNGGU"))
    house.bench.log.before = NotKept("away")

    def marked() -> int:
        with dovecot.client() as client:
            return len(client.search(["KEYWORD", "$PintuAduan"]))

    async with house.polling(account(dovecot.port)):
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(marked) == 0
        house.bench.log.before = None

        async def done() -> bool:
            return await asyncio.to_thread(marked) == 1

        await eventually(done, "the mark")
    assert await house.count() == 1
    with dovecot.client() as client:
        assert client.search("UNSEEN") != []


async def test_a_fall_between_log_and_mark_is_one_complaint(house: House, dovecot: Dovecot) -> None:
    dovecot.append(plain(CHANCE, "JATUH"))
    first = MailConnector(account(dovecot.port), house.directory)
    await first.connect()
    delivery = await first.receive()
    await house.intake.accept(delivery.item)
    await first.close()
    async with house.polling(account(dovecot.port)):

        async def again() -> bool:
            return len(await house.bench.events()) == 2

        await eventually(again, "the same mail again")
    assert await house.count() == 1


async def test_one_mailbox_has_one_owner(house: House, dovecot: Dovecot) -> None:
    first = MailConnector(account(dovecot.port), house.directory)
    second = MailConnector(account(dovecot.port), house.directory)
    await first.connect()
    with pytest.raises(NotConnected, match="another process"):
        await second.connect()
    await first.close()
    await second.connect()
    await second.close()


async def test_a_reused_message_id_is_not_a_repeat(house: House, dovecot: Dovecot) -> None:
    one = plain(CHANCE, "SAMA").replace(b"rusak", b"longsor")
    two = plain(CHANCE, "SAMA")
    dovecot.append(one, two, one)
    async with house.polling(account(dovecot.port)):

        async def there() -> bool:
            return len(await house.bench.events()) == 3

        await eventually(there, "three mails")
    assert await house.count() == 2


async def test_a_bounce_is_kept_aside_and_never_answered(house: House, dovecot: Dovecot) -> None:
    dovecot.append(bounce(CHANCE, "PANTUL"))
    connector = MailConnector(account(dovecot.port), house.directory)
    await connector.connect()
    delivery = await connector.receive()
    await connector.close()
    assert not isinstance(delivery.item, Draft)


async def test_a_wrong_password_says_what_to_check(house: House, dovecot: Dovecot) -> None:
    connector = MailConnector(account(dovecot.port, password="salah sekali"), house.directory)
    with pytest.raises(NotConnected, match="log in") as told:
        await connector.connect()
    await connector.close()
    assert "salah" not in str(told.value)
    assert USER not in str(told.value)
