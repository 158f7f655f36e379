"""What a file really is. The declared type and the name are not looked at.

What may leave is recognised here by exact rules at fixed places. puremagic, which knows a few
thousand kinds and is often unsure, only gives a name to what is withheld anyway.
"""

import codecs
import re
from dataclasses import dataclass

import puremagic

from gateway.cleaning.office import OFFICE_TYPES, office_type
from normalizer.event import Withheld

UNKNOWN = "application/octet-stream"

__all__ = ["ISO_BRANDS", "OFFICE_TYPES", "UNKNOWN", "Sniffed", "sniff"]


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The real type, and whether the type alone is reason enough to withhold it."""

    media_type: str
    withheld: Withheld | None = None


_PASSED = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
)

#: Programs, archives (nobody looks into them on the way) and documents that can act.
_ACTIVE = (
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"dex\n", "application/vnd.android.dex"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    # doc, xls, ppt, msg, msi: their macros cannot be told without a parser of the whole.
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rt", "application/rtf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\n", "application/x-archive"),
    (b"\xed\xab\xee\xdb", "application/x-rpm"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"FWS", "application/vnd.adobe.flash.movie"),
    (b"CWS", "application/vnd.adobe.flash.movie"),
    (b"ZWS", "application/vnd.adobe.flash.movie"),
    (b"%!PS", "application/postscript"),
    (b"\x04%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
)

#: Of the box "ftyp" (ISO/IEC 14496-12, section 4.3): the major brand decides.
ISO_BRANDS = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"), "image/heic"),
    **dict.fromkeys(("isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7"), "video/mp4"),
    **dict.fromkeys(("mp41", "mp42", "avc1", "M4V ", "MSNV", "mmp4", "dash"), "video/mp4"),
    **dict.fromkeys(("3gp4", "3gp5", "3gp6", "3gp7", "3gr6", "3gs7", "3g2a"), "video/3gpp"),
    **dict.fromkeys(("M4A ", "M4B ", "F4A "), "audio/mp4"),
    "qt  ": "video/quicktime",
}

_MARKUP = re.compile(rb"\s*<")
_SCRIPT = re.compile(rb"\s*(#!|@echo\b|<\?)", re.IGNORECASE)
_SCRIPT_TAG = re.compile(rb"<\s*(script|iframe|object|embed)\b", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype html|<html|<head|<body|<script", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# Cards and calendars hold people; whole mails hold addresses.
_PEOPLE = (
    (re.compile(rb"\s*BEGIN:VCARD", re.IGNORECASE), "text/vcard"),
    (re.compile(rb"\s*BEGIN:VCALENDAR", re.IGNORECASE), "text/calendar"),
    (
        re.compile(rb"\A(?=.{0,8000}?^(From|Received|Return-Path|Message-ID|MIME-Version):)"
                   rb"(From )?[A-Za-z-]+: ?\S", re.DOTALL | re.MULTILINE | re.IGNORECASE),
        "message/rfc822",
    ),
)  # fmt: skip


def sniff(content: bytes) -> Sniffed:
    """The real type of the bytes."""
    passed = _start(content, _PASSED) or _container(content)
    if passed is not None:
        return Sniffed(passed)
    active = _start(content, _ACTIVE)
    if active is not None or content[257:262] == b"ustar":
        return Sniffed(active or "application/x-tar", Withheld.ACTIVE_CONTENT)
    return _text(content) or _unknown(content)


def _start(content: bytes, table: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((kind for magic, kind in table if content.startswith(magic)), None)


def _container(content: bytes) -> str | None:
    if content[4:8] == b"ftyp":
        return ISO_BRANDS.get(content[8:12].decode("latin-1"))
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12])
    if content[:4] == b"OggS":
        head = content[28:64]
        return "audio/ogg" if head.startswith((b"OpusHead", b"\x01vorbis")) else None
    if content[:4] == b"\x1a\x45\xdf\xa3" and b"\x42\x82\x84webm" in content[:64]:
        return "video/webm"
    if content[:4] == b"PK\x03\x04":
        return office_type(content)
    return _mpeg(content)


def _mpeg(content: bytes) -> str | None:
    """MPEG audio has no magic number: eleven set bits, or a tag before them."""
    if content[:3] == b"ID3":
        return "audio/mpeg"
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE0 != 0xE0:
        return None
    # Layer 00 is reserved in MPEG audio; ADTS has it so. 01 is layer III.
    if content[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if content[1] & 0x06 == 0x02 else None


def _text(content: bytes) -> Sniffed | None:
    words = _words(content)
    if words is None:
        return None
    if _MARKUP.match(words) or _SCRIPT.match(words) or _SCRIPT_TAG.search(words):
        return Sniffed(_markup(words), Withheld.ACTIVE_CONTENT)
    for pattern, kind in _PEOPLE:
        if pattern.match(words):
            return Sniffed(kind, Withheld.UNKNOWN_TYPE)
    return Sniffed("text/plain")


def _words(content: bytes) -> bytes | None:
    """The text in an encoding whose ASCII can be searched; None when it is none."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            try:
                content = content[2:].decode(encoding).encode()
            except UnicodeError:
                return None
    content = content.removeprefix(codecs.BOM_UTF8)
    return None if not content or _CONTROL.search(content) else content


def _markup(words: bytes) -> str:
    if b"<svg" in words[:4096].lower():
        return "image/svg+xml"
    if _HTML.search(words[:4096]):
        return "text/html"
    return "text/x-script" if _SCRIPT.match(words) else "text/xml"


def _unknown(content: bytes) -> Sniffed:
    try:
        found = [match.mime_type for match in puremagic.magic_string(content)]
    except (puremagic.PureError, ValueError):
        found = []
    return Sniffed(next((name for name in found if name), UNKNOWN), Withheld.UNKNOWN_TYPE)
