"""Who was answered stands nowhere: not in logs, not in the file, not on the log, not in lists."""

import asyncio
import re
from datetime import UTC, datetime

from gateway.sealing import Opener
from normalizer.event import ReplyPath
from tests.connectors.answering.making import NAME, PHONE, WORDS, receipt
from tests.connectors.answering.office import TOPICS, Office
from tests.waiting import eventually

#: In every form in which a number may be written.
_NUMBERS = (PHONE, PHONE.removeprefix("+"), PHONE.removeprefix("+62"), "0" + PHONE[3:])


async def test_no_identity_and_no_words_outside_the_seal(
    office: Office, reply_opener: Opener
) -> None:
    office.clock.at = datetime.now(UTC)
    office.platform.moods.extend(["well", "blocked", "silent"])
    child = office.child("connectors.replies")
    try:
        for _ in range(3):
            event = await office.complain()
        await office.told(3)
        office.platform.always = "away"
        await office.enter(receipt(event, office.clock.now()))
        await eventually(lambda: _waits(office), "an answer that waits")
        listed = (await office.command("list")).stdout
    finally:
        await asyncio.to_thread(child.stop)
    data = office.directory / "data"
    kept = b"".join(path.read_bytes() for path in data.glob("replies.db*"))
    sealed = set(re.findall(rb"eyJ[\w-]+(?:\.[\w-]+){4}", kept))
    ways = [ReplyPath.from_bytes(reply_opener.open_bytes(one.decode())) for one in sealed]
    assert [way.address for way in ways] == [PHONE] * 3
    written = (office.directory / "output").read_bytes()
    assert b'"reply.ended"' in written
    assert b'"reply.postponed"' in written
    outcomes = [
        stored.record.value + repr(stored.record.headers).encode() + (stored.record.key or b"")
        async for stored in office.log.scan(TOPICS.replied)
    ]
    for secret in (*_NUMBERS, NAME, WORDS, "Rejo"):
        for place in (kept, written, listed.encode(), *outcomes):
            assert secret.encode() not in place


async def test_the_file_is_its_owner_s(office: Office) -> None:
    async with office.answering():
        await office.complain()
        await office.told(1)
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (office.directory / "data").glob("replies.db*")
        }
    assert set(modes.values()) == {0o600}


async def _waits(office: Office) -> bool:
    rows = await office.rows("--state", "waiting")
    return any(row["attempts"] for row in rows)
