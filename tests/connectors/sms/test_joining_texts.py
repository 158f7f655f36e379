"""Long messages of several people, cut anywhere, shuffled and repeated: exactly their texts."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sms import joining
from connectors.sms.encoding import decode_gsm7
from gateway.contract import Route, WebRequest
from gateway.pieces import Pieces
from normalizer.draft import Piece
from normalizer.event import Channel
from tests.connectors.sms.accounts import get, post, route
from tests.pieces_bench import NOW, SECRET, at

#: Character to septets, made of the decoder's own answers.
GSM7 = {decode_gsm7(bytes([septet])).text: bytes([septet]) for septet in range(0x80)}
GSM7 |= {decode_gsm7(bytes([0x1B, code])).text: bytes([0x1B, code]) for code in b"\x14()/<=>@e"}
#: A first sign that no other charset could have, as nearly every real text has a blank.
UCS2 = st.text(st.sampled_from("aé €[]{}😡🙏ꦗꦮꦲجأ中文\n"), min_size=8, max_size=60).map(".".__add__)
GSM = st.text(st.sampled_from("ab @£Δ€[]{}~^|\\é\n"), min_size=8, max_size=60)
SENDERS = ["+6281200009001", "+6281200009002", "081200009003"]


@dataclass(frozen=True)
class Sent:
    """A part on its way: the route that hears it and the request."""

    asked: Route
    request: WebRequest


@dataclass(frozen=True)
class Long:
    """A long message: its words and its parts."""

    text: str
    parts: tuple[Sent, ...]


def by_jasmin(sender: str, udh: bytes, data: bytes, coding: int, part_id: str) -> Sent:
    form = f"id={part_id}&from={quote_from_bytes(sender.encode())}&coding={coding}"
    return Sent(JASMIN, post(f"{form}&binary={(udh + data).hex()}".encode()))


def by_kannel(sender: str, udh: bytes, data: bytes, charset: str, part_id: str) -> Sent:
    query = f"id={part_id}&from={quote_from_bytes(sender.encode())}&charset={charset}"
    fields = f"&udh={quote_from_bytes(udh)}&text={quote_from_bytes(data)}"
    return Sent(KANNEL, get(query + fields))


JASMIN = route("jasmin")
KANNEL = route("kannel", "GET")


@st.composite
def long_messages(draw: st.DrawFn) -> list[Long]:
    """Every sender has several, told apart by their reference; all senders have the same ones."""
    made = []
    for sender in draw(st.lists(st.sampled_from(SENDERS), unique=True, min_size=1)):
        for reference in draw(st.lists(st.sampled_from([7, 8, 255]), unique=True, min_size=1)):
            made.append(draw(long_message(sender, reference)))
    return made


@st.composite
def long_message(draw: st.DrawFn, sender: str, reference: int) -> Long:
    way = draw(st.sampled_from(["gsm7", "ucs2", "utf-8", "kannel-ucs2", "kannel-8-bit"]))
    text = draw(GSM if way == "gsm7" else UCS2)
    if way == "gsm7":
        data = b"".join(GSM7[char] for char in text)
    else:
        data = text.encode("utf-16-be" if way.endswith("ucs2") else "utf-8")
    total = draw(st.integers(2, 8))
    # Anywhere: inside a character, and with empty parts too.
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), min_size=total - 1, max_size=total - 1)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    parts = []
    for number, piece in enumerate(pieces, 1):
        part_id = f"{sender[-1]}-{reference}-{number}"
        if way.startswith("kannel"):
            udh = bytes([5, 0, 3, reference, total, number])
            charset = "UTF-16BE" if way.endswith("ucs2") else "8-BIT"
            parts.append(by_kannel(sender, udh, piece, charset, part_id))
        else:
            udh = bytes([6, 8, 4, 1, reference, total, number])
            coding = {"gsm7": 0, "ucs2": 8, "utf-8": 4}[way]
            parts.append(by_jasmin(sender, udh, piece, coding, part_id))
    return Long(text, tuple(parts))


@st.composite
def traffic(draw: st.DrawFn) -> tuple[list[str], list[Sent]]:
    """The texts, and all parts in any order, some of them twice."""
    messages = draw(long_messages())
    parts = [part for message in messages for part in message.parts]
    again = draw(st.lists(st.sampled_from(parts), max_size=6))
    return [message.text for message in messages], draw(st.permutations(parts + again))


async def received(path: Path, sent: Sequence[Sent]) -> list[str]:
    """What becomes of the parts: read, kept, joined and published, until nothing waits."""
    pieces = Pieces(path, SECRET, {Channel.SMS: joining.join})
    await pieces.open()
    texts = []
    for each in sent:
        for item in each.asked.read(each.request).items:
            assert isinstance(item, Piece)
            ripe = await pieces.add(item, NOW)
            if ripe is not None:
                texts.append(str(ripe.draft.text_raw))
                assert not ripe.draft.incomplete
                await pieces.published(ripe.group, NOW)
    assert await pieces.ripe(at(10_000)) == []
    await pieces.close()
    return texts


@given(traffic())
@settings(max_examples=60, deadline=None)
def test_exactly_the_texts(given_traffic: tuple[list[str], list[Sent]]) -> None:
    texts, sent = given_traffic
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(received(Path(directory) / "pieces.db", sent))
    assert sorted(found) == sorted(texts)
