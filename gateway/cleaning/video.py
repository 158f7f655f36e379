"""MP4, QuickTime and 3GPP files: everything but picture and sound is blanked where it stands.

ISO/IEC 14496-12 names boxes by four letters. A box that is not needed for playing becomes ``free``
with zeros inside: no offset moves, so nothing has to be written anew. That takes the places
(``udta/©xyz``, ``udta/loci``, QuickTime's ``meta``), Apple's and Android's tags, XMP (``uuid``),
cover pictures, and the tracks that are neither picture nor sound (positions by the second).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

_TOP = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"styp", b"pdin"})
#: Which boxes stay in which; of the others nothing stays.
_KEPT = {
    b"moov": frozenset({b"mvhd", b"trak", b"mvex", b"iods"}),
    b"trak": frozenset({b"tkhd", b"edts", b"tref", b"mdia", b"tapt", b"clip"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"minf"}),
    b"minf": frozenset({b"vmhd", b"smhd", b"gmhd", b"nmhd", b"hdlr", b"dinf", b"stbl"}),
    b"moof": frozenset({b"mfhd", b"traf"}),
    b"traf": frozenset(
        {b"tfhd", b"tfdt", b"trun", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"sdtp"}
    ),
}
_PLAYED = frozenset({b"vide", b"soun"})


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    #: Where its content begins.
    body: int
    end: int


def clean(content: bytes, media_type: str) -> Copy:
    """The same file, as long as before. Raises CopyWithheld."""
    data = bytearray(content)
    handlers: set[bytes] = set()
    top = list(_boxes(data, 0, len(data)))
    fragmented = any(box.kind == b"moof" for box in top)
    for box in top:
        if box.kind not in _TOP:
            _blank(data, box)
        elif box.kind in _KEPT:
            _clean_inside(data, box, handlers, fragmented=fragmented)
    if not handlers:
        raise CopyWithheld(Withheld.DAMAGED)
    if b"vide" not in handlers:
        media_type = "audio/3gpp" if media_type == "video/3gpp" else "audio/mp4"
    elif media_type.startswith("audio/"):
        media_type = "video/mp4"
    return Copy(bytes(data), media_type)


def _boxes(data: bytearray, start: int, end: int) -> Iterator[_Box]:
    """The boxes side by side in a stretch of the file; they must fill it."""
    while start < end:
        if not any(data[start : min(start + 8, end)]) and not any(data[start:end]):
            # Padding of zeros, as some phones leave it.
            return
        if end - start < 8:
            raise CopyWithheld(Withheld.DAMAGED)
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            raise CopyWithheld(Withheld.DAMAGED)
        yield _Box(bytes(kind), start, body, start + size)
        start += size


def _clean_inside(
    data: bytearray, parent: _Box, handlers: set[bytes], *, fragmented: bool = False
) -> None:
    for box in list(_boxes(data, parent.body, parent.end)):
        if box.kind not in _KEPT[parent.kind]:
            _blank(data, box)
        elif box.kind == b"trak":
            _clean_track(data, box, handlers, fragmented=fragmented)
        elif box.kind in _KEPT:
            _clean_inside(data, box, handlers)


def _clean_track(data: bytearray, track: _Box, handlers: set[bytes], *, fragmented: bool) -> None:
    handler = _handler(data, track)
    if handler in _PLAYED:
        handlers.add(handler)
        _clean_inside(data, track, handlers)
        return
    if fragmented:
        # Its samples are spread over the fragments, where nothing tells them apart by itself.
        raise CopyWithheld(Withheld.UNKNOWN_TYPE)
    for start, end in _samples(data, track):
        data[start:end] = bytes(end - start)
    _blank(data, track)


def _blank(data: bytearray, box: _Box) -> None:
    data[box.start + 4 : box.start + 8] = b"free"
    data[box.body : box.end] = bytes(box.end - box.body)


def _handler(data: bytearray, track: _Box) -> bytes:
    handler = _find(data, track, b"mdia", b"hdlr")
    if handler is None or handler.end - handler.body < 12:
        raise CopyWithheld(Withheld.DAMAGED)
    return bytes(data[handler.body + 8 : handler.body + 12])


def _find(data: bytearray, box: _Box, *path: bytes) -> _Box | None:
    for kind in path:
        inside = _boxes(data, box.body, box.end)
        found = next((one for one in inside if one.kind == kind), None)
        if found is None:
            return None
        box = found
    return box


def _samples(data: bytearray, track: _Box) -> Iterator[tuple[int, int]]:
    """Where the chunks of a track stand in the file (sections 8.7.3 to 8.7.5)."""
    table = _find(data, track, b"mdia", b"minf", b"stbl")
    if table is None:
        raise CopyWithheld(Withheld.DAMAGED)
    boxes = {box.kind: box for box in _boxes(data, table.body, table.end)}
    sizes = _sizes(data, boxes)
    places = _offsets(data, boxes)
    per_chunk = _per_chunk(data, boxes.get(b"stsc"), len(places))
    taken = 0
    for place, count in zip(places, per_chunk, strict=True):
        end = place + sum(sizes[taken : taken + count])
        taken += count
        if end > len(data):
            raise CopyWithheld(Withheld.DAMAGED)
        yield place, end


def _sizes(data: bytearray, boxes: dict[bytes, _Box]) -> list[int]:
    box = boxes.get(b"stsz")
    if box is None:
        # stz2 packs sizes of a few bits; no phone writes it.
        raise CopyWithheld(Withheld.UNKNOWN_TYPE)
    same, count = struct.unpack_from(">4xII", data, box.body)
    if count > len(data):
        raise CopyWithheld(Withheld.DAMAGED)
    return [same] * count if same else _numbers(data, box, box.body + 12, count, 4)


def _offsets(data: bytearray, boxes: dict[bytes, _Box]) -> list[int]:
    box = boxes.get(b"stco") or boxes.get(b"co64")
    if box is None:
        raise CopyWithheld(Withheld.DAMAGED)
    (count,) = struct.unpack_from(">4xI", data, box.body)
    return _numbers(data, box, box.body + 8, count, 4 if box.kind == b"stco" else 8)


def _per_chunk(data: bytearray, box: _Box | None, chunks: int) -> list[int]:
    if box is None:
        raise CopyWithheld(Withheld.DAMAGED)
    (count,) = struct.unpack_from(">4xI", data, box.body)
    runs = _numbers(data, box, box.body + 8, count * 3, 4)
    firsts = [*runs[0::3], chunks + 1]
    if any(later < first for first, later in pairwise(firsts)):
        raise CopyWithheld(Withheld.DAMAGED)
    counts: list[int] = []
    for position, samples in enumerate(runs[1::3]):
        counts += [samples] * (firsts[position + 1] - firsts[position])
    return counts


def _numbers(data: bytearray, box: _Box, start: int, count: int, width: int) -> list[int]:
    if start + count * width > box.end:
        raise CopyWithheld(Withheld.DAMAGED)
    return list(struct.unpack_from(f">{count}{'I' if width == 4 else 'Q'}", data, start))
