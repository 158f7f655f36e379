"""PDF: withheld when it can act; who wrote it is blanked where it stands.

This is a search, not a parser: a PDF is never written anew here. What is blanked keeps its
length, so that no offset moves. Searched are the bytes of the file and its object streams
(ISO 32000-1, section 7.5.7), with escaped names (``/J#61vaScript``) read as they are meant.
Limits, told in docs/attachments.md: an author inside an object stream stays, a signature over
the file no longer matches the copy, and what is written or drawn on the pages stays.
"""

import re
import zlib
from collections.abc import Iterator

from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

#: A thousandfold bomb stops here.
_MOST_UNPACKED = 50_000_000

_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
#: Long names only: three letters such as ``/JS``, which never stand without ``/JavaScript``, are
#: found by chance in the compressed pictures of any scan.
_ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData|SubmitForm|GoToE)(?![A-Za-z])"
    rb"|/XFA\s*[\[\d]"
)
_ENCRYPTED = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
_STREAM = re.compile(rb"stream\r?\n")

#: Of the document information (section 14.3.3): a string in brackets, or in hexadecimal.
_AUTHOR = re.compile(
    rb"(/Author\s*)(\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|<[0-9A-Fa-f\s]*>)", re.DOTALL
)
_XMP = re.compile(rb"<\?xpacket begin=.*?<\?xpacket end=[^>]{0,20}\?>", re.DOTALL)
#: In a JPEG inside the PDF, as scanning apps leave it: APP1 with EXIF or XMP.
_APP1 = re.compile(rb"\xff\xe1(..)(Exif\x00\x00|http://ns\.adobe\.com/)", re.DOTALL)


def clean(content: bytes, media_type: str) -> Copy:
    """The same file, as long as before. Raises CopyWithheld."""
    if _ENCRYPTED.search(content):
        # What it does cannot be seen, and whoever gets it cannot open it.
        raise CopyWithheld(Withheld.DAMAGED)
    for part in (content, *_object_streams(content)):
        if _ACTIVE.search(_ESCAPED.sub(_meant, part)):
            raise CopyWithheld(Withheld.ACTIVE_CONTENT)
    bare = _AUTHOR.sub(_empty_string, content)
    bare = _XMP.sub(lambda found: b" " * len(found[0]), bare)
    return Copy(_without_camera_notes(bare), media_type)


def _meant(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def _object_streams(content: bytes) -> Iterator[bytes]:
    room = _MOST_UNPACKED
    for found in _OBJECT_STREAM.finditer(content):
        begin = _STREAM.search(content, found.end())
        if begin is None:
            continue
        unpacking = zlib.decompressobj()
        try:
            unpacked = unpacking.decompress(content[begin.end() :], room + 1)
        except zlib.error:
            # Packed in another way, which no common program does for objects.
            raise CopyWithheld(Withheld.DAMAGED) from None
        room -= len(unpacked)
        if room < 0:
            raise CopyWithheld(Withheld.TOO_LARGE)
        yield unpacked


def _empty_string(found: re.Match[bytes]) -> bytes:
    left, right = (b"<", b">") if found[2].startswith(b"<") else (b"(", b")")
    return found[1] + left + b" " * (len(found[2]) - 2) + right


def _without_camera_notes(content: bytes) -> bytes:
    data = bytearray(content)
    for found in _APP1.finditer(content):
        # The length counts its own two bytes.
        end = found.start() + 2 + int.from_bytes(found[1], "big")
        body = found.start() + 4
        if body < end <= len(data):
            data[body:end] = bytes(end - body)
    return bytes(data)
