"""Long SMS through a real Kannel on SMPP, as an operator delivers them: joined by it, or by us."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.sms.encoding import decode_gsm7
from normalizer.event import IdBasis, Missing
from tests.e2e.kannel_bench import PASSWORD, Webhook, listening, until
from tests.servers import ServerMissing
from tests.servers.fixtures import absent
from tests.servers.kannel import running_kannel_on_smpp
from tests.servers.smsc import GSM, UCS2, Smsc

pytestmark = pytest.mark.kannel

MESSAGES, SENDERS = 100, 20
#: 3GPP TS 23.040: what a part holds beside a header of 6 or 7 bytes, in septets and in bytes.
SEPTETS, BYTES = 152, 133
#: Character to septets, made of the decoder's own answers.
SEPTETS_OF = {decode_gsm7(bytes([code])).text: bytes([code]) for code in range(0x20, 0x80)}
SEPTETS_OF |= {"@": b"\x00", "_": b"\x11", "Δ": b"\x10", "\n": b"\x0a", "é": b"\x05"}
SEPTETS_OF |= {decode_gsm7(b"\x1b%c" % code).text: b"\x1b%c" % code for code in b"\x14()/<=>@e"}
GSM_WORDS = [
    "NGAWI",
    "lubang",
    "jalan",
    "di",
    "Paron",
    "50%",
    "[gelap]",
    "{a|b}",
    "€",
    "~^\\",
    "é@",
]
UCS2_WORDS = ["jembatan", "ambrol", "😡", "🙏🙏", "ꦗꦮ", "ꦲꦏ꧀ꦱꦫ", "“parah”", "50%", "ж"]

Part = tuple[str, bytes, int, bytes]


def words_of(chance: random.Random, coding: int) -> str:
    words = [chance.choice(GSM_WORDS if coding == GSM else UCS2_WORDS) for _ in range(700)]
    return " ".join(words)


def cut(text: str, coding: int, parts: int) -> tuple[str, list[bytes]]:
    """As much of the text as fills so many parts, and these.

    Phones do not cut between an escape and its character; between two halves of an emoji they do.
    """
    if coding == UCS2:
        size = BYTES - 1
        text = text.encode("utf-16-be")[: size * parts - 20].decode("utf-16-be", "ignore")
        data = text.encode("utf-16-be")
        return text, [data[at : at + size] for at in range(0, len(data), size)]
    found, kept = [b""], ""
    for char in text:
        septets = SEPTETS_OF[char]
        if len(found[-1] + septets) > SEPTETS:
            if len(found) == parts:
                break
            found.append(b"")
        found[-1] += septets
        kept += char
    return kept, found


def header(reference: int, parts: int, part: int, *, wide: bool) -> bytes:
    if wide:
        return bytes([6, 8, 4, 1, reference, parts, part])
    return bytes([5, 0, 3, reference, parts, part])


def traffic() -> tuple[set[tuple[str, str]], list[Part]]:
    """Who says what, and all the parts, shuffled."""
    chance = random.Random(1708)
    said, parts = set(), []
    for number in range(MESSAGES):
        sender = f"+62812000090{number % SENDERS:02d}"
        # Neighbours use the same references; one phone counts on with every message.
        reference = number // SENDERS
        coding = chance.choice([GSM, UCS2])
        count = chance.randint(2, 8)
        text, pieces = cut(f"{number} {words_of(chance, coding)}", coding, count)
        assert len(pieces) == count
        said.add((sender, text))
        wide = chance.random() < 0.3
        parts += [
            (sender, header(reference, count, part, wide=wide), coding, piece)
            for part, piece in enumerate(pieces, 1)
        ]
    chance.shuffle(parts)
    return said, parts


def send(smsc: Smsc, parts: Sequence[Part]) -> None:
    for sender, udh, coding, data in parts:
        smsc.deliver(sender, "1708", data, coding, udh)


@pytest.mark.parametrize("joins", [True, False], ids=["joined-by-kannel", "joined-here"])
async def test_a_hundred_long_messages_of_twenty_senders(tmp_path: Path, joins: bool) -> None:
    said, parts = traffic()
    if not joins:
        # Operators repeat what was not confirmed in time. Kannel takes that for a new message.
        parts = random.Random(2).sample([*parts, *parts[::10]], len(parts) + len(parts[::10]))
    async with listening(tmp_path) as webhook:
        url = f"http://kannel:{PASSWORD}@127.0.0.1:{webhook.port}/sms/desa"
        try:
            with running_kannel_on_smpp(tmp_path, url, joins=joins) as smsc:
                await asyncio.to_thread(send, smsc, parts)
                await all_said(webhook)
        except ServerMissing as missing:
            absent("Kannel", missing)
        assert (len(webhook.asked) == MESSAGES) is joins
        assert webhook.refused == 0
        found = await webhook.events()
        assert {(private.phone, private.original_text) for _, private in found} == said
        assert len(found) == MESSAGES
        for event, private in found:
            assert event.id_basis is IdBasis.PLATFORM_ID
            assert event.submitted_at is not None
            assert Missing.PARTS not in event.completeness
            assert PASSWORD not in private.raw


async def all_said(webhook: Webhook) -> None:
    async def there() -> bool:
        return len(await webhook.bench.events()) >= MESSAGES

    await until(there, seconds=120)
