"""A real Dovecot: 500 dirty mails, each one event or one rejection, whatever happens meanwhile."""

import asyncio
import base64
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from gateway.errors import NotKept
from normalizer.draft import RejectionReason
from normalizer.event import Exclusion
from tests.connectors.mail.dirt import dirty_mail
from tests.connectors.mail.house import House, mailbox
from tests.connectors.mail.marks import KEYWORD, found
from tests.intake_bench import Bench, Keys
from tests.servers import ServerMissing, free_ports
from tests.servers.dovecot import Dovecot, running_dovecot
from tests.servers.fixtures import absent
from tests.servers.tcp_proxy import Fault, TcpProxy, tcp_proxy
from tests.waiting import eventually

MAILS = 500
#: Attachments are checked in a process of their own; that is most of the time.
LONGEST_SECONDS = 240.0


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    try:
        with running_dovecot() as server:
            yield server
    except ServerMissing as missing:
        absent("Dovecot", missing)


@pytest.fixture
def house(bench: Bench, keys: Keys, tmp_path: Path) -> House:
    return House(bench, keys, tmp_path)


async def test_five_hundred_dirty_mails_through_everything_that_happens(
    house: House, dovecot: Dovecot
) -> None:
    chance = random.Random(20260302)
    marks = [f"TANDA{number:04d}AKHIR" for number in range(MAILS)]
    for mark in marks:
        # Dovecot shows a NUL as something else, as RFC 3501 wants.
        dovecot.drop_in(mark, dirty_mail(chance, mark).replace(b"\x00", b" "))
    (port,) = free_ports(1)
    async with tcp_proxy(port, dovecot.port) as proxy, house.polling(mailbox(port)):
        await house.holds(MAILS // 10, seconds=LONGEST_SECONDS)
        await _cut_again_and_again(house, proxy)
        await asyncio.to_thread(_read_and_shuffle, dovecot)
        await house.holds(MAILS * 4 // 10, seconds=LONGEST_SECONDS)
        await _disk_full(house)
        await asyncio.to_thread(_renumber, dovecot)
        await house.holds(MAILS * 7 // 10, seconds=LONGEST_SECONDS)
        await asyncio.to_thread(_restart, dovecot)
        await house.holds(MAILS * 8 // 10, seconds=LONGEST_SECONDS)
        proxy.set_fault(Fault.REFUSE)
        await house.holds(len(house.kept))
        proxy.set_fault(Fault.NONE)
        await house.holds(MAILS, seconds=LONGEST_SECONDS)

        async def all_marked() -> bool:
            return await asyncio.to_thread(found, dovecot, "UNKEYWORD", KEYWORD) == 0

        await eventually(all_marked, "every mark")
    await _is_each_once(house, marks)
    assert found(dovecot, "ALL") == MAILS


async def _cut_again_and_again(house: House, proxy: TcpProxy) -> None:
    for _ in range(5):
        proxy.cut()
        await house.holds(len(house.kept) + 5, seconds=LONGEST_SECONDS)


async def _disk_full(house: House) -> None:
    house.bench.log.before = NotKept("disk full")
    before = house.refused

    async def refused() -> bool:
        return house.refused > before + 2

    await eventually(refused, "the log refuses")
    house.bench.log.before = None


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


def _restart(dovecot: Dovecot) -> None:
    dovecot.stop()
    dovecot.start()


async def _is_each_once(house: House, marks: list[str]) -> None:
    events = {one.complaint_id: one for one in await house.bench.events()}
    rejected = {one.item_id: one for one in await house.bench.rejected()}
    assert events.keys() | rejected.keys() == house.kept.keys()
    assert len(house.kept) == MAILS
    ids: dict[str, set[UUID]] = defaultdict(set)
    for item_id, item in (events | rejected).items():
        private = house.bench.opener.open(item.sealed or "")
        raw = private.raw
        if private.raw_encoding == "base64":
            raw = base64.b64decode(raw).decode("iso-8859-1")
        for mark in marks:
            if mark in raw:
                ids[mark].add(item_id)
    assert {mark: len(ids[mark]) for mark in marks if len(ids[mark]) != 1} == {}
    # Nothing was set aside for what happened to the line.
    reasons = Counter(one.reason for one in rejected.values())
    assert set(reasons) == {RejectionReason.BOUNCE, RejectionReason.OWN_MESSAGE}
    exclusions = Counter(one.exclusion for one in events.values())
    assert set(exclusions) == {None, Exclusion.AUTO_REPLY, Exclusion.MAILING_LIST}
