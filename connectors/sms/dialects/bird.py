"""Bird, formerly MessageBird: signed JSON of the Channels API, or the older signed forms.

Manuals: Bird, "Verifying a webhook subscription" and "Receiving messages" (Programmable SMS);
MessageBird, "Verify HTTP requests". Long messages are joined. Anything but 2xx is repeated for
8 hours.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from connectors.sms.addresses import called_addresses
from connectors.sms.credentials import check_any, check_recent, header_bytes, sha256_hex
from connectors.sms.documents import (
    document_of,
    international,
    is_json,
    list_at,
    short_at,
    value_at,
    words_at,
)
from connectors.sms.payload import (
    Fields,
    Raw,
    form_of,
    media_type,
    query_bytes,
    short_text,
    to_item,
    to_rejection,
)
from connectors.sms.settings import BirdAccount
from connectors.sms.times import Moment, read_time
from gateway.contract import WebReply, WebRequest
from gateway.errors import Forged
from normalizer.draft import DraftAttachment
from normalizer.event import TimePrecision

_JWT_METHODS = ["HS256", "HS384", "HS512"]
#: Clocks drift.
_LEEWAY_SECONDS = 60
_UNKNOWN_TYPE = "application/octet-stream"


def verify(account: BirdAccount, public_base_url: str, now: datetime, request: WebRequest) -> None:
    """A JWT over hashes of address and body, or an HMAC over time, address and body."""
    key = account.signing_key.get_secret_value().encode()
    addresses = called_addresses(public_base_url, request)
    token = request.headers.get("MessageBird-Signature-JWT")
    if token is not None:
        claims = _claims(token, key, now)
        check_any([sha256_hex(address) for address in addresses], claims.get("url_hash", b""))
        if request.body or "payload_hash" in claims:
            check_any([sha256_hex(request.body)], claims.get("payload_hash", b""))
        return
    stamp = header_bytes(request, "messagebird-request-timestamp")
    # The older construction has the sorted query in place of the address.
    old = b"&".join(sorted(piece for piece in query_bytes(request).split(b"&") if piece))
    expected = [signature(key, stamp, called, request.body) for called in (*addresses, old)]
    check_any(expected, header_bytes(request, "messagebird-signature").strip())
    check_recent(stamp, now, account.tolerance_seconds)


def signature(key: bytes, stamp: bytes, called: bytes, body: bytes) -> bytes:
    """What Bird signs a request to this address with, at this Unix time."""
    content = b"\n".join((stamp, called, hashlib.sha256(body).digest()))
    return base64.b64encode(hmac.digest(key, content, "sha256"))


def read(account: BirdAccount, request: WebRequest) -> WebReply:
    """One message, or the progress of one that we sent."""
    if not is_json(request):
        return _read_form(account, request)
    document = document_of(request)
    event = short_at(document, "event") or ""
    message = value_at(document, "payload") if event else document
    outgoing = short_at(message, "direction") == "outgoing"
    if outgoing or event.endswith((".outbound", ".interaction")):
        return WebReply(ignored="delivery_report")
    raw = Raw(request.body, media_type(request))
    kind = short_at(message, "body.type") or "text"
    words = words_at(message, f"body.{kind}.text")
    attachments = tuple(_channel_media(message, kind))
    source_id = short_at(message, "id")
    if words is None and not attachments:
        return WebReply((to_rejection(account, raw, source_id),))
    submitted_at, precision = _known(read_time(short_at(message, "createdAt"), "iso", UTC))
    item = to_item(
        account,
        raw,
        sender=short_at(message, "sender.contact.identifierValue"),
        data=words.data if words else None,
        coding=words.coding if words else None,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        attachments=attachments,
    )
    return WebReply((item,))


def _read_form(account: BirdAccount, request: WebRequest) -> WebReply:
    fields, raw = form_of(request, None)
    text = fields.get("body", "message", "payload")
    attachments = _form_media(fields)
    # Beside an ``id`` of the number there may be one of the message, under several names.
    source_id = fields.text("mid", "message_id") or _last(fields, "id")
    if not text and not attachments:
        if fields.get("status", "statusDatetime") is not None:
            return WebReply(ignored="delivery_report")
        if text is None:
            return WebReply((to_rejection(account, raw, source_id),))
    submitted_at, precision = _known(_form_time(fields))
    item = to_item(
        account,
        raw,
        sender=international(fields.text("originator", "sender")),
        data=None if attachments and not text else text,
        coding="utf-8",
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        attachments=attachments,
    )
    return WebReply((item,))


def _claims(token: str, key: bytes, now: datetime) -> dict[str, bytes]:
    """The hashes in a JWT that is signed with the key, by MessageBird, for about now."""
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": "MessageBird"},
    )
    try:
        claims = jwt.decode(token, OctKey.import_key(key), algorithms=_JWT_METHODS).claims
        rules.validate(claims)
    except (JoseError, ValueError):
        raise Forged from None
    return {name: str(value).lower().encode() for name, value in claims.items()}


def _channel_media(message: object, kind: str) -> Iterator[DraftAttachment]:
    for listed in ("images", "files"):
        for media in list_at(message, f"body.{kind}.{listed}"):
            url = short_at(media, "mediaUrl")
            if url is not None:
                declared = short_at(media, "contentType") or _UNKNOWN_TYPE
                name = short_at(media, "filename")
                yield DraftAttachment(media_type=declared, media_id=url, name=name)


def _form_media(fields: Fields) -> tuple[DraftAttachment, ...]:
    urls = [short_text(value) for name, value in fields.pairs if name.startswith("mediaURLs")]
    return tuple(DraftAttachment(media_type=_UNKNOWN_TYPE, media_id=url) for url in urls if url)


def _form_time(fields: Fields) -> Moment | None:
    for name in ("receive_datetime", "createdDatetime"):
        given = fields.text(name)
        # Short codes write 20260302011530.
        if found := read_time(given, "iso", UTC) or read_time(given, "%Y%m%d%H%M%S", UTC):
            return found
    return read_time(fields.text("date_utc"), "unix", UTC)


def _known(moment: Moment | None) -> tuple[datetime | None, TimePrecision]:
    return moment or (None, TimePrecision.UNKNOWN)


def _last(fields: Fields, name: str) -> str | None:
    values = [short_text(value) for key, value in fields.pairs if key == name]
    return values[-1] if values else None
