"""The parts of a mail: which of them is the text, which are attachments."""

import base64
import binascii
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from io import BytesIO

from connectors.mail.body import html_to_text, split_uuencoded, unflow
from connectors.mail.charsets import Decoded, decode
from connectors.mail.enclosed import Enclosed, calendar_text, open_winmail
from connectors.mail.parameters import PartHeaders, part_headers
from normalizer.draft import DraftAttachment

#: More than these are listed as a count; all of them stand in the original.
MAX_ATTACHMENTS = 50
#: Pictures of a signature are smaller, photos of a street are not.
_DECORATION_BYTES = 5 * 1024
#: Deeper ones are left to the original: they come from mail loops.
_MAX_DEPTH = 30
_MAX_TEXT_BYTES = 4_000_000
#: What forms and scripts send as plain text, or as nothing.
_HTML = re.compile(r"\s{0,100}<(?:!doctype html|html|head|body|table|div|p)[\s>]", re.IGNORECASE)
_MAILS = ("message/rfc822", "message/global")
_UUENCODE = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


@dataclass(slots=True)
class Content:
    """What was found in a mail, in its order."""

    texts: list[str] = field(default_factory=list)
    #: Texts that stand in for a missing one: of a calendar entry, of a mail that is passed on.
    spare: list[str] = field(default_factory=list)
    attachments: list[DraftAttachment] = field(default_factory=list)
    #: Attachments above the limit.
    left_out: int = 0
    charset: str | None = None
    #: The first mail that this one carries along.
    enclosed: bytes | None = None

    @property
    def text(self) -> str:
        """The text, or what stands in for it."""
        pieces = [text for text in self.texts if text.strip()]
        return "\n\n".join(pieces or [text for text in self.spare if text.strip()])

    def add(self, other: "Content", *, with_texts: bool = True) -> None:
        """Take over what was found in a part of this one."""
        if with_texts:
            self.texts += other.texts
            self.charset = self.charset or other.charset
        self.spare += other.spare
        self.left_out += other.left_out
        self.enclosed = self.enclosed or other.enclosed
        for attachment in other.attachments:
            self.attach(attachment)

    def attach(self, attachment: DraftAttachment) -> None:
        """Keep it, or count it."""
        if len(self.attachments) < MAX_ATTACHMENTS:
            self.attachments.append(attachment)
        else:
            self.left_out += 1


def collect(root: Message, *, without_history: bool, flat: bool = False) -> Content:
    """Everything that a mail holds. ``flat``: it was not taken apart; its text is all there is."""
    if flat:
        text = decode(_body(root)[:_MAX_TEXT_BYTES])
        return Content(texts=[text.text], charset=text.charset)
    return _Reader(without_history).read(root, "1", 0)


@dataclass(frozen=True, slots=True)
class _Reader:
    without_history: bool

    def read(self, part: Message, path: str, depth: int) -> Content:
        headers = part_headers(part)
        if depth > _MAX_DEPTH:
            return Content()
        if headers.media_type.startswith("message/"):
            return _enclosed(part, headers, path)
        children = part.get_payload()
        if not isinstance(children, list):
            return self._leaf(part, headers, path)
        found = [
            self.read(child, f"{path}.{number}", depth + 1)
            for number, child in enumerate(children, 1)
            if isinstance(child, Message)
        ]
        content = Content()
        if headers.media_type == "multipart/alternative":
            kinds = [part_headers(one).media_type for one in children if isinstance(one, Message)]
            chosen = _best(found, kinds)
            for each in found:
                content.add(each, with_texts=each is chosen)
        else:
            for each in found:
                content.add(each)
        return content

    def _leaf(self, part: Message, headers: PartHeaders, path: str) -> Content:
        data = decoded_body(part, headers)
        # A multipart without any boundary has its text where the parts should be.
        is_text = headers.media_type in ("text/plain", "text/html") or (
            headers.media_type.startswith("multipart/")
        )
        if is_text and not headers.is_attachment:
            return self._text(data, headers, path)
        if headers.media_type in ("application/ms-tnef", "application/vnd.ms-tnef"):
            return _winmail(data, headers, path)
        content = Content()
        if headers.media_type == "text/calendar":
            content.spare.append(calendar_text(data))
        decoration = (
            headers.media_type.startswith("image/")
            and headers.has_content_id
            and headers.disposition.value != "attachment"
            and len(data) < _DECORATION_BYTES
        )
        if data and not decoration:
            content.attach(_attachment(data, headers.media_type, headers.name, path))
        return content

    def _text(self, data: bytes, headers: PartHeaders, path: str) -> Content:
        content = Content()
        if headers.media_type != "text/html":
            data, files = split_uuencoded(data)
            for number, file in enumerate(files, 1):
                kind = "application/octet-stream"
                content.attach(_attachment(file.content, kind, file.name, f"{path}/uu:{number}"))
        text = _decode_text(data[:_MAX_TEXT_BYTES], headers)
        content.charset = text.charset
        if headers.media_type == "text/html" or _HTML.match(text.text):
            content.texts.append(html_to_text(text.text, without_history=self.without_history))
        elif headers.content_type.parameters.get("format", "").lower() == "flowed":
            content.texts.append(unflow(text.text))
        else:
            content.texts.append(text.text)
        return content


def decoded_body(part: Message, headers: PartHeaders) -> bytes:
    """The bytes of a part after its transfer encoding; what is damaged as far as it goes."""
    body = _body(part)
    encoding = headers.transfer_encoding
    if encoding == "base64":
        return _lenient_base64(body)
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding in _UUENCODE:
        _, files = split_uuencoded(body)
        return files[0].content if files else body
    return body


def _body(part: Message) -> bytes:
    """The body as it came. Only so does the library give bytes that are no ASCII unharmed."""
    del part["Content-Transfer-Encoding"]
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _lenient_base64(body: bytes) -> bytes:
    try:
        return base64.b64decode(body)
    except binascii.Error:
        pass
    # Cut off, or with a footer of a mailing list behind it: as many whole groups as there are.
    letters = body.translate(None, b" \t\r\n").rstrip(b"=")
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except binascii.Error:
        return body


def _decode_text(data: bytes, headers: PartHeaders) -> Decoded:
    declared = headers.content_type.parameters.get("charset")
    if declared is None and headers.media_type == "text/html":
        start = data[:2048].lower()
        _, found, rest = start.partition(b"charset=")
        if found:
            declared = rest.lstrip(b"\"' ")[:40].decode("ascii", "replace").split('"')[0]
            declared = declared.split("'")[0].split(">")[0].split(";")[0].strip(" /")
    return decode(data, declared)


def _best(found: Sequence[Content], types: Sequence[str]) -> Content | None:
    """Of several forms of one text the plain one, unless it only says that there is another."""
    richest = max(found, key=lambda one: len(one.text), default=None)
    for content, media_type in zip(found, types, strict=False):
        text = "\n".join(content.texts).strip()
        if media_type == "text/plain" and text:
            stub = "html" in text.lower() and len(text) < 300
            longer = richest is not None and len(richest.text) > 2 * len(text)
            return richest if stub and longer else content
    return richest


def _attachment(data: bytes, media_type: str, name: str | None, path: str) -> DraftAttachment:
    return DraftAttachment(
        media_type=media_type,
        media_id=f"part:{path}",
        size_bytes=len(data),
        name=name,
        content=data,
    )


def _enclosed(part: Message, headers: PartHeaders, path: str) -> Content:
    """A mail that is passed on, or a report: kept as it is, not taken apart."""
    payload = part.get_payload()
    found = payload if isinstance(payload, list) else []
    inner = [one for one in found if isinstance(one, Message)]
    data = b"".join(map(_as_bytes, inner)) or _body(part)
    if inner and headers.transfer_encoding == "base64":
        # Not allowed, and done: then what was parsed as a mail is its encoded form.
        data = _lenient_base64(_body(inner[0]))
    if not data:
        return Content()
    is_mail = headers.media_type in _MAILS
    name = headers.name or ("pesan.eml" if is_mail else None)
    kept = _attachment(data, headers.media_type, name, path)
    return Content(attachments=[kept], enclosed=data if is_mail else None)


def _as_bytes(inner: Message) -> bytes:
    written = BytesIO()
    try:
        BytesGenerator(written, mangle_from_=False, maxheaderlen=0, policy=compat32).flatten(inner)
    except (UnicodeError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # What is written until then is kept; the whole stands in the original.
        return written.getvalue()
    return written.getvalue()


def _winmail(data: bytes, headers: PartHeaders, path: str) -> Content:
    opened: Enclosed | None = open_winmail(data)
    if opened is None:
        return Content(attachments=[_attachment(data, headers.media_type, headers.name, path)])
    content = Content(spare=[opened.text])
    for number, (name, inner) in enumerate(opened.files, 1):
        media_type = "application/octet-stream"
        content.attach(_attachment(inner, media_type, name, f"{path}/tnef:{number}"))
    return content
