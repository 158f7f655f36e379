"""WebM: tags, chapters, attached files and the title become empty space where they stand.

EBML (RFC 8794) has the element *Void* for that: no offset moves. Ids: RFC 9559, section 5.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

_EBML, _SEGMENT, _CLUSTER, _INFO, _TRACKS = (
    0x1A45DFA3,
    0x18538067,
    0x1F43B675,
    0x1549A966,
    0x1654AE6B,
)
_SEEK_HEAD, _CUES = 0x114D9B74, 0x1C53BB6B
_VOID = 0xEC
_TAGS, _CHAPTERS, _ATTACHMENTS = 0x1254C367, 0x1043A770, 0x1941A469
_KEPT = {
    None: frozenset({_EBML, _SEGMENT}),
    _SEGMENT: frozenset({_SEEK_HEAD, _INFO, _TRACKS, _CLUSTER, _CUES}),
    # TimestampScale, Duration, MuxingApp and WritingApp; the last two must be there.
    _INFO: frozenset({0x2AD7B1, 0x4489, 0x4D80, 0x5741}),
}
_LEVEL_1 = _KEPT[_SEGMENT] | {_TAGS, _CHAPTERS, _ATTACHMENTS}


@dataclass(frozen=True, slots=True)
class _Element:
    id: int
    start: int
    body: int
    end: int


def clean(content: bytes, media_type: str) -> Copy:
    """The same file, as long as before. Raises CopyWithheld."""
    data = bytearray(content)
    found = _clean_inside(data, None, 0, len(data))
    if not {_EBML, _SEGMENT} <= found:
        raise CopyWithheld(Withheld.DAMAGED)
    return Copy(bytes(data), media_type)


def _clean_inside(data: bytearray, parent: int | None, start: int, end: int) -> set[int]:
    found = set()
    for element in list(_elements(data, parent, start, end)):
        found.add(element.id)
        if element.id not in _KEPT[parent]:
            _blank(data, element)
        elif element.id in _KEPT:
            _clean_inside(data, element.id, element.body, element.end)
    return found


def _elements(data: bytearray, parent: int | None, start: int, end: int) -> Iterator[_Element]:
    while start < end:
        id_, body = _number(data, start, end, marker=True)
        size, body = _number(data, body, end)
        if size is not None:
            stop = body + size
        elif id_ == _SEGMENT:
            stop = end
        elif id_ == _CLUSTER:
            # A browser's recorder does not know how long a cluster will be (section 4.5).
            stop = _end_of_cluster(data, body, end)
        else:
            raise CopyWithheld(Withheld.DAMAGED)
        if id_ is None or stop > end:
            raise CopyWithheld(Withheld.DAMAGED)
        yield _Element(id_, start, body, stop)
        start = stop


def _end_of_cluster(data: bytearray, start: int, end: int) -> int:
    while start < end:
        id_, body = _number(data, start, end, marker=True)
        if id_ in _LEVEL_1:
            return start
        size, body = _number(data, body, end)
        if size is None or body + size > end:
            raise CopyWithheld(Withheld.DAMAGED)
        start = body + size
    return end


def _number(
    data: bytearray, start: int, end: int, *, marker: bool = False
) -> tuple[int | None, int]:
    """A variable-size integer and where it ends; None is *unknown*. Ids keep their marker."""
    if start >= end or data[start] == 0:
        raise CopyWithheld(Withheld.DAMAGED)
    width = 9 - data[start].bit_length()
    if start + width > end:
        raise CopyWithheld(Withheld.DAMAGED)
    value = int.from_bytes(data[start : start + width], "big")
    if marker:
        return value, start + width
    mask = (1 << (7 * width)) - 1
    return (None if value & mask == mask else value & mask), start + width


def _blank(data: bytearray, element: _Element) -> None:
    length = element.end - element.start
    # Id (1) and size in as many bytes as fit: 8 unless the element is tiny.
    width = min(8, length - 1)
    size = (length - 1 - width) | (1 << (7 * width))
    data[element.start : element.end] = (
        bytes([_VOID]) + size.to_bytes(width, "big") + bytes(length - 1 - width)
    )
