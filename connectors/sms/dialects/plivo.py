"""Plivo: signed forms at an application's ``message_url`` ("Handling incoming messages").

Long messages are joined by Plivo. Without a 2xx answer within 8 seconds it tries three times more,
after 60, 120 and 240 seconds.
"""

import base64
import hmac
import re

from connectors.sms.addresses import called_addresses
from connectors.sms.credentials import check_one_of, header_bytes
from connectors.sms.documents import international
from connectors.sms.payload import (
    FORM,
    Fields,
    form_of,
    media_type,
    parse_fields,
    query_bytes,
    short_text,
    to_item,
    to_rejection,
)
from connectors.sms.settings import PlivoAccount
from gateway.contract import Item, WebReply, WebRequest
from gateway.errors import Forged
from normalizer.draft import DraftAttachment

_MEDIA = re.compile(r"Media[0-9]+")
_XML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def verify(account: PlivoAccount, public_base_url: str, request: WebRequest) -> None:
    """``X-Plivo-Signature-V3`` where it is sent, else ``-V2``, of the account or its main account.

    V3 covers the parameters. V2, all that Plivo documents for messages, covers the address and a
    nonce only: with it the way from Plivo to here must be HTTPS.
    """
    version = "V3" if _given(request, "V3") else "V2"
    content = _v3_content(request) + b"." if version == "V3" else b""
    nonce = header_bytes(request, f"X-Plivo-Signature-{version}-Nonce")
    if not nonce:
        raise Forged
    key = account.auth_token.get_secret_value().encode()
    expected = [
        signature(key, address + content + nonce)
        for address in called_addresses(public_base_url, request, query=False)
    ]
    check_one_of(expected, _given(request, version))


def signature(key: bytes, content: bytes) -> bytes:
    """What Plivo signs with an auth token."""
    return base64.b64encode(hmac.digest(key, content, "sha256"))


def read(account: PlivoAccount, request: WebRequest) -> WebReply:
    """One message, or the status of one that we sent."""
    fields, raw = form_of(request, None)
    source_id = fields.text("MessageUUID")
    text = fields.get("Text", "Body")
    attachments = _media(fields)
    item: Item
    if text is None and not attachments:
        if fields.get("Status", "status") is not None:
            return _reply(ignored=True)
        item = to_rejection(account, raw, source_id)
    else:
        item = to_item(
            account,
            raw,
            sender=international(fields.text("From")),
            # An MMS without words has an empty Body: that is no text, not an empty one.
            data=None if attachments and not text else text,
            coding="utf-8",
            source_id=source_id,
            attachments=attachments,
        )
    return _reply(item)


def _reply(*items: Item, ignored: bool = False) -> WebReply:
    return WebReply(
        items,
        body=_XML,
        content_type="application/xml",
        ignored="delivery_report" if ignored else None,
    )


def _media(fields: Fields) -> tuple[DraftAttachment, ...]:
    """``Media1``, ``Media2``, …; of their kind nothing is told."""
    urls = [short_text(value) for name, value in fields.pairs if _MEDIA.fullmatch(name)]
    return tuple(
        DraftAttachment(media_type="application/octet-stream", media_id=url) for url in urls if url
    )


def _v3_content(request: WebRequest) -> bytes:
    """What V3 signs between address and nonce: query and form, each sorted, unescaped."""
    query = parse_fields(query_bytes(request)).pairs
    is_form = bool(request.body) and media_type(request) == FORM
    form = parse_fields(request.body).pairs if is_form else ()
    if not query and not form:
        return b""
    asked = b"&".join(name.encode() + b"=" + value for name, value in sorted(query))
    posted = b"".join(name.encode() + value for name, value in sorted(form))
    return b"?" + asked + (b"." if asked and posted else b"") + posted


def _given(request: WebRequest, version: str) -> list[bytes]:
    """Several may stand in one header while a token is being changed."""
    headers = (f"X-Plivo-Signature-{version}", f"X-Plivo-Signature-Ma-{version}")
    listed = b",".join(header_bytes(request, name) for name in headers)
    return [each.strip() for each in listed.split(b",") if each.strip()]
