"""Our entry in the terms of LAPOR's old XML call. The only file that knows its elements.

Source: public PHP bot of 19 May 2018. It concatenates; an ``&`` in a complaint breaks it.
"""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from deliver.lapor.mapping import content
from deliver.lapor.xml_settings import LaporXmlSettings
from deliver.target import Entry

#: Everything that is no character of XML 1.0 (W3C, production 2 "Char"): no escape helps.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What the bot sends when there is no family name.
_NO_FAMILY_NAME = "_"


def add_document(entry: Entry, settings: LaporXmlSettings) -> bytes:
    """The body of one call: UTF-8 with declaration. ``settings`` are complete."""
    root = Element("lapor", token=settings.token.get_secret_value())
    reporter = SubElement(root, "pelapor")
    for name, value in _reporter(entry, settings):
        SubElement(reporter, name).text = _allowed(value)
    report = SubElement(
        root, "laporan", rahasia=_flag(entry.hide_content), anonim=_flag(entry.hide_identity)
    )
    SubElement(report, "isi").text = _allowed(stream_text(entry))
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def stream_text(entry: Entry) -> str:
    """Everything in one text: the call has no field for title, date and place."""
    day = f"Tanggal kejadian: {entry.day.strftime('%d-%m-%Y')}"
    title = "" if entry.text.startswith(entry.title.rstrip("… ")) else f"Perihal: {entry.title}"
    return "\n\n".join(part for part in (content(entry), title, day) if part)


def _reporter(entry: Entry, settings: LaporXmlSettings) -> tuple[tuple[str, str], ...]:
    named = None if entry.hide_identity else entry.reporter
    if named is None or settings.reporter_as == "office":
        email, phone, name = settings.office_email, settings.office_phone, settings.office_name
    else:
        email, phone, name = named.email or "", named.phone or "", named.name or ""
    first, _, family = (name.strip() or settings.office_name).partition(" ")
    return (
        ("email", email),
        ("telpon", phone),
        ("namadepan", first),
        ("namabelakang", family.strip() or _NO_FAMILY_NAME),
    )


def added_id(answer: bytes) -> tuple[str | None, str | None]:
    """``trackingid`` and ``transaksiid`` of an answer; None for what is not there or no number."""
    try:
        root = fromstring(answer, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        # LookupError: a charset that nobody knows.
        return None, None
    return _number(root.findtext("trackingid")), _number(root.findtext("transaksiid"))


def refusal_words(answer: bytes) -> str:
    """What LAPOR says about a refusal; its shape is not known."""
    try:
        root = fromstring(answer, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return answer.decode("utf-8", "replace").strip()
    return " ".join(" ".join(root.itertext()).split())


def _number(text: str | None) -> str | None:
    number = (text or "").strip()
    return number if number.isascii() and number.isdigit() and int(number) > 0 else None


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("", text)
