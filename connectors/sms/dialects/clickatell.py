"""Clickatell: callbacks of the One API, or the older reply callback by JSON, form or GET.

Manuals: "One API client callbacks", "HTTP API: reply callback". Nothing is signed: user and
password, or a secret, stand in the registered address. Anything but 2xx is repeated.
"""

from datetime import UTC
from urllib.parse import unquote_to_bytes

from connectors.sms.credentials import check_basic_or_token
from connectors.sms.documents import (
    Words,
    document_of,
    international,
    is_json,
    list_at,
    raw_of,
    short_at,
    udh_at,
    value_at,
    words_at,
)
from connectors.sms.encoding import charset_name
from connectors.sms.joining import part_of_udh
from connectors.sms.payload import Raw, form_of, is_for_a_program, media_type, to_item, to_rejection
from connectors.sms.settings import ClickatellAccount
from connectors.sms.times import Moment, read_time
from gateway.contract import Item, WebReply, WebRequest
from normalizer.draft import DraftAttachment, RejectionReason
from normalizer.event import TimePrecision


def verify(account: ClickatellAccount, request: WebRequest) -> None:
    """Basic credentials or token in the registered address."""
    check_basic_or_token(account, request)


def read(account: ClickatellAccount, request: WebRequest) -> WebReply:
    """Every message on its own, or the status of messages that we sent."""
    if not (request.body and is_json(request)):
        fields, raw = form_of(request, "token")
        if fields.get("text") is None and fields.get("statusCode", "status") is not None:
            return WebReply(ignored="delivery_report")
        return WebReply((_reply(account, fields, raw, escaped=False),))
    document = document_of(request)
    whole = Raw(request.body, media_type(request))
    event = value_at(document, "event")
    if isinstance(event, dict):
        return _read_event(account, event, whole)
    is_status = short_at(document, "statusCode", "status") is not None
    if is_status and value_at(document, "text") is None:
        return WebReply(ignored="delivery_report")
    return WebReply((_reply(account, document, whole, escaped=True),))


def _read_event(account: ClickatellAccount, event: dict[str, object], whole: Raw) -> WebReply:
    """``moText`` are messages; ``moMedia`` and whatever else starts with ``mo`` is kept too."""
    found: list[Item] = []
    incoming = [name for name in event if name.startswith("mo")]
    for name in incoming:
        pieces = list_at(event, name)
        found += [_event_item(account, piece, name) for piece in pieces]
        if not pieces and event[name]:
            found.append(to_rejection(account, whole))
    if not event:
        found.append(to_rejection(account, whole))
    return WebReply(tuple(found), ignored=None if incoming or found else "delivery_report")


def _event_item(account: ClickatellAccount, piece: object, name: str) -> Item:
    source_id = short_at(piece, "messageId")
    words = words_at(piece, "content" if name == "moText" else "caption")
    attachments = _media(piece)
    if words is None and not attachments:
        return to_rejection(account, raw_of(piece), source_id)
    return _item(account, piece, raw_of(piece), words, attachments, short_at(piece, "from"))


def _reply(account: ClickatellAccount, message: object, raw: Raw, *, escaped: bool) -> Item:
    words = words_at(message, "text", short_at(message, "charset") or "utf-8")
    if words is None:
        return to_rejection(account, raw, short_at(message, "replyMessageId", "messageId"))
    charset = charset_name(short_at(message, "charset"))
    if escaped and charset not in ("", "utf-8"):
        # In JSON the bytes of every other charset come percent-encoded.
        text = str(value_at(message, "text")).replace("+", " ")
        words = Words(unquote_to_bytes(text), charset)
    return _item(account, message, raw, words, (), short_at(message, "fromNumber"))


def _item(
    account: ClickatellAccount,
    message: object,
    raw: Raw,
    words: Words | None,
    attachments: tuple[DraftAttachment, ...],
    sender: str | None,
) -> Item:
    # In the older callback ``messageId`` names the message that was replied to.
    source_id = short_at(message, "replyMessageId", "messageId")
    udh = udh_at(message, "udh")
    if is_for_a_program(udh):
        return to_rejection(account, raw, source_id, RejectionReason.NOT_A_COMPLAINT)
    submitted_at, precision = _moment(message) or (None, TimePrecision.UNKNOWN)
    return to_item(
        account,
        raw,
        sender=international(sender),
        data=words.data if words else None,
        coding=words.coding if words else None,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        part=part_of_udh(udh),
        attachments=attachments,
    )


def _moment(message: object) -> Moment | None:
    given = short_at(message, "timestamp")
    return read_time(given, "unix_ms", UTC) or read_time(given, "iso", UTC)


def _media(piece: object) -> tuple[DraftAttachment, ...]:
    return tuple(
        DraftAttachment(
            media_type=short_at(file, "contentType") or "application/octet-stream",
            media_id=url,
            name=short_at(file, "fileName"),
        )
        for file in list_at(piece, "files")
        if (url := short_at(file, "downloadUrl")) is not None
    )
