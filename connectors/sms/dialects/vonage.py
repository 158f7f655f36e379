"""Vonage SMS API: signed webhooks by GET, form or JSON ("Inbound SMS", "Signing messages").

Long messages come part by part (``concat-*``), binary ones as hex with their header. Anything but
200 or 204 is repeated for 24 hours, under the same ``messageId``.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime

from connectors.sms.credentials import check_any, check_recent
from connectors.sms.documents import (
    Words,
    document_of,
    international,
    is_json,
    part_at,
    short_at,
    udh_at,
    value_at,
    words_at,
)
from connectors.sms.joining import part_of_udh
from connectors.sms.payload import (
    Fields,
    Raw,
    form_of,
    is_for_a_program,
    media_type,
    to_item,
    to_rejection,
)
from connectors.sms.settings import VonageAccount
from connectors.sms.times import read_time
from gateway.contract import Item, WebReply, WebRequest
from gateway.errors import Forged
from normalizer.draft import RejectionReason
from normalizer.event import TimePrecision

#: ``md5hash`` is the MD5 of the parameters and the secret; the others are HMACs.
_HMAC_METHODS = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}


def verify(account: VonageAccount, now: datetime, request: WebRequest) -> None:
    """``sig`` over all other parameters, and the age of the signed ``timestamp``."""
    message, _ = _message_of(request)
    parameters = _parameters(message)
    given = parameters.pop("sig", b"").lower()
    if not given:
        raise Forged
    check_any([signature(account, parameters)], given)
    check_recent(parameters.get("timestamp", b""), now, account.tolerance_seconds)


def signature(account: VonageAccount, parameters: dict[str, bytes]) -> bytes:
    """What Vonage signs these parameters with, in lower-case hex digits."""
    secret = account.signature_secret.get_secret_value().encode()
    signed = b"".join(
        b"&"
        + name.encode("utf-8", "surrogatepass")
        + b"="
        + value.replace(b"&", b"_").replace(b"=", b"_")
        for name, value in sorted(parameters.items())
    )
    if account.signature_method == "md5hash":
        digest = hashlib.md5(signed + secret, usedforsecurity=False).digest()
    else:
        digest = hmac.digest(secret, signed, _HMAC_METHODS[account.signature_method])
    return digest.hex().encode()


def read(account: VonageAccount, request: WebRequest) -> WebReply:
    """One message or part, or a delivery receipt."""
    message, raw = _message_of(request)
    words = _words(message)
    if words is None and value_at(message, "status") is not None:
        return WebReply(ignored="delivery_report")
    return WebReply((_item(account, message, raw, words),))


def _message_of(request: WebRequest) -> tuple[object, Raw]:
    if request.body and is_json(request):
        return document_of(request), Raw(request.body, media_type(request))
    return form_of(request, None)


def _parameters(message: object) -> dict[str, bytes]:
    """Every parameter once: of a repeated one the first, which is the one that is read."""
    if isinstance(message, Fields):
        return dict(reversed(message.pairs))
    if not isinstance(message, dict):
        raise Forged
    return {name: _signed_value(value) for name, value in message.items()}


def _signed_value(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict | list):
        raise Forged
    return b"" if value is None else json.dumps(value).encode()


def _words(message: object) -> Words | None:
    data = short_at(message, "data")
    if data is not None:
        try:
            return _binary(bytes.fromhex(data))
        except ValueError:
            # Not hex after all: whatever it is, somebody wrote it.
            return words_at(message, "data", "utf-8")
    return words_at(message, "text", "utf-8")


def _binary(data: bytes) -> Words:
    """No alphabet is told: control characters in an even number of bytes are those of UTF-16."""
    wide = len(data) % 2 == 0 and any(byte < 0x20 and byte not in b"\t\n\r" for byte in data)
    return Words(data, "utf-16-be" if wide else None)


def _item(account: VonageAccount, message: object, raw: Raw, words: Words | None) -> Item:
    source_id = short_at(message, "messageId")
    udh = udh_at(message, "udh")
    if is_for_a_program(udh):
        return to_rejection(account, raw, source_id, RejectionReason.NOT_A_COMPLAINT)
    if words is None:
        return to_rejection(account, raw, source_id)
    moment = read_time(short_at(message, "message-timestamp"), "iso", UTC)
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    return to_item(
        account,
        raw,
        sender=international(short_at(message, "msisdn")),
        data=words.data,
        coding=words.coding,
        source_id=source_id,
        submitted_at=submitted_at,
        precision=precision,
        part=part_at(message, "concat-ref", "concat-part", "concat-total") or part_of_udh(udh),
    )
