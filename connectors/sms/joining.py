"""Long messages: which part of what a message is, and the text that all parts make.

Parts are joined as bytes and decoded afterwards: phones and networks cut between the two halves of
an emoji and between an escape and its character.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from connectors.sms.encoding import Decoded, decode
from normalizer.draft import Draft, Gathering, Piece
from normalizer.person import as_text

#: Stands in the text where parts never came.
GAP = "[…]"

_NEVER = datetime.max.replace(tzinfo=UTC)

#: 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8: concatenation by the id of its element; width of the
#: reference in bits and length of the element's data.
_CONCATENATION = {0x00: (8, 3), 0x08: (16, 4)}


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a message within a long one: ``number`` of ``total``, counted from 1."""

    reference: str
    #: Of the reference, in bits: 8 or 16. 0 where the provider does not tell.
    width: int
    number: int
    total: int

    @property
    def is_placed(self) -> bool:
        """Whether the message it belongs to can be told, and its place in there."""
        return bool(self.reference) and 1 <= self.number <= self.total


def part_of_fields(reference: str | None, number: str | None, total: str | None) -> Part | None:
    """What a provider's own fields say; None when they do not count parts.

    255 is the most that a short message's header can count to.
    """
    if number is None or total is None or not (number.isdecimal() and total.isdecimal()):
        return None
    if len(number) > 3 or len(total) > 3 or int(total) > 255:
        return None
    return Part(reference or "", 0, int(number), int(total))


def part_of_udh(udh: bytes) -> Part | None:
    """What a user data header, with its length byte, says about concatenation.

    None for a message that stands alone. An impossible numbering is passed over, and of several
    elements the last counts, as the standard asks.
    """
    found = None
    for element, data in elements(udh):
        width, length = _CONCATENATION.get(element, (0, -1))
        if len(data) == length and 1 <= data[-1] <= data[-2] and data[-2] > 1:
            reference = int.from_bytes(data[:-2], "big")
            found = Part(str(reference), width, number=data[-1], total=data[-2])
    return found


def elements(udh: bytes) -> list[tuple[int, bytes]]:
    """The information elements of a user data header; what is cut off is left out."""
    found = []
    rest = udh[1 : 1 + udh[0]] if udh else b""
    while len(rest) >= 2:
        data = rest[2 : 2 + rest[1]]
        if len(data) == rest[1]:
            found.append((rest[0], data))
        rest = rest[2 + rest[1] :]
    return found


def join(gathering: Gathering) -> Draft:
    """The long message that the parts make; see ``gateway.contract.Joins.join``.

    Its ``raw`` is a JSON list with the bytes of every part and the decoding they were read with.
    """
    pieces = gathering.pieces
    runs = [_decoded(run) for run in _runs(pieces)]
    read = [(one, decoded.decoding) for run in runs for same, decoded in run for one in same]
    earliest = min((piece.draft for piece in pieces), key=lambda one: one.submitted_at or _NEVER)
    return replace(
        earliest,
        source_id=gathering.item_id,
        raw=_raw(read),
        raw_media_type="application/json",
        text_raw=_with_gaps(pieces, ["".join(decoded.text for _, decoded in run) for run in runs]),
        decoding="+".join(sorted({decoding for _, decoding in read})),
        attachments=tuple(one for piece in pieces for one in piece.draft.attachments),
        incomplete=not gathering.complete,
    )


def _runs(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Parts that follow each other without a gap."""
    by_run = groupby(enumerate(pieces), key=lambda placed: placed[1].number - placed[0])
    return [[piece for _, piece in run] for _, run in by_run]


def _decoded(run: Sequence[Piece]) -> list[tuple[list[Piece], Decoded]]:
    """Decoded in one go, unless a gateway recoded part by part: one to Latin-1, one to UTF-8."""
    by_coding = [(coding, list(same)) for coding, same in groupby(run, lambda one: one.coding)]
    return [(same, decode(b"".join(one.data for one in same), code)) for code, same in by_coding]


def _with_gaps(pieces: Sequence[Piece], runs: Sequence[str]) -> str:
    shown = [words for run in runs for words in (GAP, run)]
    if pieces[0].number == 1:
        del shown[0]
    if pieces[-1].number < (pieces[-1].total or 0):
        shown.append(GAP)
    return " ".join(shown)


def _raw(read: Sequence[tuple[Piece, str]]) -> bytes:
    parts = []
    for piece, decoding in read:
        raw, encoding = as_text(piece.raw)
        parts.append(
            {
                "part": piece.number,
                "of": piece.total,
                "decoding": decoding,
                "media_type": piece.raw_media_type,
                "raw_encoding": encoding,
                "raw": raw,
            }
        )
    return json.dumps(parts, ensure_ascii=False).encode()
