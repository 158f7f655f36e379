"""Kannel 1.4: ``get-url`` with escape codes, or ``post-url`` with ``X-Kannel`` headers.

Kannel sends whatever we answer to the citizen, so the answer is an empty text. It repeats a
request, with the same ``%I``, until it is answered 200 or 202, as often as
``http-request-retry`` allows. It joins long messages itself and gives the parts one by one, with
their header, when one of them never came or when it is told not to join; then they are joined here.
"""

from datetime import UTC
from urllib.parse import unquote_to_bytes

from connectors.sms.credentials import check_basic_or_token
from connectors.sms.joining import part_of_udh
from connectors.sms.payload import (
    FORM,
    Fields,
    Raw,
    declared_charset,
    is_for_a_program,
    media_type,
    parse_fields,
    query_without,
    to_item,
    to_rejection,
)
from connectors.sms.settings import KannelAccount
from connectors.sms.times import Moment, read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import RejectionReason
from normalizer.event import TimePrecision

#: Kannel's own codings (not SMPP's) where it names no charset; 1 is 8-bit and can be anything.
_CHARSETS = {0: "utf-8", 2: "utf-16be"}
#: ``post-xml`` and whatever else is posted here must not become somebody's words.
_POST_URL_TYPES = ("text/plain", "application/octet-stream")
#: Headers that belong to the message; the others are about the connection, or secret.
_KEPT_HEADERS = ("content-type", "x-kannel-")


def verify(account: KannelAccount, request: WebRequest) -> None:
    """Basic credentials from the URL in Kannel's settings, or the token in its query."""
    check_basic_or_token(account, request)


def read(account: KannelAccount, request: WebRequest) -> WebReply:
    """One message, or a delivery report; answered with nothing, so that nothing is sent out."""
    query = query_without(request, "token")
    fields = parse_fields(query)
    # %d is -1 in a message and a positive event mask in a report.
    if (fields.number("dlr") or 0) > 0:
        return WebReply(ignored="delivery_report")
    if request.method == "POST":
        return WebReply((_from_post(account, request, fields, query),))
    return WebReply((_from_get(account, fields, Raw(query, FORM)),))


def _from_get(account: KannelAccount, fields: Fields, raw: Raw) -> Item:
    text = fields.get("text")
    if text is None:
        return to_rejection(account, raw, fields.text("id"))
    return _item(
        account,
        raw,
        fields,
        sender=fields.text("from"),
        time=fields.text("ts"),
        udh=fields.get("udh") or b"",
        data=text,
        charset=fields.text("charset") or _CHARSETS.get(fields.number("coding") or 0),
    )


def _from_post(account: KannelAccount, request: WebRequest, fields: Fields, query: bytes) -> Item:
    if media_type(request) not in _POST_URL_TYPES:
        return to_rejection(account, Raw(request.body, media_type(request)), fields.text("id"))
    sent = Fields(
        tuple(
            (name.lower(), value.encode("utf-8", "surrogatepass"))
            for name, value in request.headers.items()
            if name.lower().startswith(_KEPT_HEADERS)
        )
    )
    return _item(
        account,
        _as_http(request, sent, query),
        fields,
        sender=sent.text("x-kannel-from") or fields.text("from"),
        time=sent.text("x-kannel-time") or fields.text("ts"),
        udh=unquote_to_bytes(sent.get("x-kannel-udh") or b""),
        data=request.body,
        charset=declared_charset(request) or _CHARSETS.get(sent.number("x-kannel-coding") or 0),
    )


def _item(
    account: KannelAccount,
    raw: Raw,
    fields: Fields,
    *,
    sender: str | None,
    time: str | None,
    udh: bytes,
    data: bytes,
    charset: str | None,
) -> Item:
    source_id = fields.text("id")
    if is_for_a_program(udh):
        return to_rejection(account, raw, source_id, RejectionReason.NOT_A_COMPLAINT)
    submitted_at, precision = _moment(time) or (None, TimePrecision.UNKNOWN)
    return to_item(
        account,
        raw,
        sender=sender,
        data=data,
        coding=charset,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        part=part_of_udh(udh),
    )


def _moment(time: str | None) -> Moment | None:
    """``%t`` and ``X-Kannel-Time`` are UTC without saying so; ``%T`` is Unix seconds."""
    return read_time(time, "%Y-%m-%d %H:%M:%S", UTC) or read_time(time, "unix", UTC)


def _as_http(request: WebRequest, sent: Fields, query: bytes) -> Raw:
    """A POST says half of the message in its headers: they are kept together, as on the wire."""
    lines = [f"POST {request.path}?".encode() + query + b" HTTP/1.1"]
    lines += [name.encode() + b": " + value for name, value in sent.pairs]
    return Raw(b"\r\n".join([*lines, b"", request.body]), "message/http")
