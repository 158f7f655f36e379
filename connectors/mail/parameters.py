"""Structured fields: a value and its parameters, as RFC 2045 and 2231 ask and as nobody writes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote_to_bytes

from connectors.mail.charsets import decode
from connectors.mail.headers import decode_field, unfold

_PARAMETER = re.compile(r";\s*([^\s=;]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)")
_ESCAPED = re.compile(r"\\(.)")
#: ``filename*0*``: the name, which piece it is, and whether it is percent-encoded.
_EXTENDED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Structured:
    """``value`` in lower case; parameters decoded, by their names in lower case."""

    value: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartHeaders:
    """What a part of a mail says of itself."""

    content_type: Structured
    disposition: Structured
    transfer_encoding: str
    has_content_id: bool

    @property
    def media_type(self) -> str:
        """``type/subtype``; plain text when nothing sensible is said."""
        return self.content_type.value

    @property
    def name(self) -> str | None:
        """What the file is called, without any path; None when it has no name."""
        name = self.disposition.parameters.get("filename")
        name = name or self.content_type.parameters.get("name")
        name = re.split(r"[/\\]", name or "")[-1].strip()
        return name[-_MAX_NAME_CHARS:] or None

    @property
    def is_attachment(self) -> bool:
        """Whether it is a file beside the text: said so, or named."""
        return self.disposition.value == "attachment" or self.name is not None


def part_headers(part: Message) -> PartHeaders:
    """The fields of a part; of repeated ones the first that says something."""
    fields: dict[str, str] = {}
    for name, value in part.raw_items():
        if str(value).strip():
            fields.setdefault(name.lower(), str(value))
    content_type = parse_structured(fields.get("content-type", ""))
    if not re.fullmatch(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", content_type.value, re.ASCII):
        usual = "message/rfc822" if part.get_default_type() == "message/rfc822" else "text/plain"
        content_type = Structured(usual, content_type.parameters)
    return PartHeaders(
        content_type=content_type,
        disposition=parse_structured(fields.get("content-disposition", "")),
        transfer_encoding=parse_structured(fields.get("content-transfer-encoding", "")).value,
        has_content_id="content-id" in fields,
    )


def parse_structured(value: str) -> Structured:
    """``text/plain; charset="utf-8"``; never raises."""
    text = unfold(value)
    head = text.split(";", 1)[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, given in _PARAMETER.findall(text):
        name, given = name.lower(), given.strip()
        if given[:1] == '"':
            given = _ESCAPED.sub(r"\1", given.strip('"'))
        if (extended := _EXTENDED.fullmatch(name)) is not None:
            encoded = extended[2] is None or extended[3] is not None
            pieces.setdefault(extended[1], {})[int(extended[2] or 0)] = (given, encoded)
        else:
            plain.setdefault(name, given)
    parameters = {name: decode_field(given) for name, given in plain.items()}
    # RFC 2231, 5: the extended form is the better one where both are given.
    parameters |= {name: _joined(numbered) for name, numbered in pieces.items()}
    return Structured(head, parameters)


def _joined(numbered: Mapping[int, tuple[str, bool]]) -> str:
    first, encoded = numbered[min(numbered)]
    charset = ""
    if encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    ordered = [(first, encoded), *(numbered[key] for key in sorted(numbered)[1:])]
    data = b"".join(
        unquote_to_bytes(text) if percent else text.encode("utf-8", "surrogateescape")
        for text, percent in ordered
    )
    return decode(data, charset).text
