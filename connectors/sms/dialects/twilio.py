"""Twilio Programmable Messaging: signed forms, answered with an empty TwiML document.

The signature covers the address as Twilio called it. Behind a proxy no header tells that
reliably, so it is made of ``public_base_url`` in ``[web]``. Media are kept by reference.
"""

import base64
import hmac

from connectors.sms.addresses import called_addresses
from connectors.sms.credentials import check_any, header_bytes, sha256_hex
from connectors.sms.payload import (
    FORM,
    Fields,
    form_of,
    media_type,
    parse_fields,
    query_bytes,
    to_item,
    to_rejection,
)
from connectors.sms.settings import TwilioAccount
from gateway.contract import Item, WebReply, WebRequest
from gateway.errors import Forged
from normalizer.draft import DraftAttachment

_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
#: Twilio sends at most 10 media with one message.
_MOST_MEDIA = 10


def verify(account: TwilioAccount, public_base_url: str, request: WebRequest) -> None:
    """``X-Twilio-Signature`` over address and form, or over an address that hashes the body."""
    token = account.auth_token.get_secret_value().encode()
    signed_form = b""
    if request.body and media_type(request) == FORM:
        signed_form = _in_signing_order(parse_fields(request.body))
    elif request.body:
        declared = parse_fields(query_bytes(request)).get("bodySHA256") or b""
        check_any([sha256_hex(request.body)], declared.lower())
    candidates = [
        base64.b64encode(hmac.digest(token, url + signed_form, "sha1"))
        for url in called_addresses(public_base_url, request)
    ]
    given = header_bytes(request, "X-Twilio-Signature")
    if not given:
        raise Forged
    check_any(candidates, given)


def read(account: TwilioAccount, request: WebRequest) -> WebReply:
    """One message, or a status callback."""
    fields, raw = form_of(request, None)
    source_id = fields.text("MessageSid", "SmsMessageSid", "SmsSid")
    attachments = _media(fields)
    body = fields.get("Body")
    item: Item
    if body is None and not attachments:
        status = fields.text("MessageStatus", "SmsStatus")
        if source_id is not None and status is not None and status.lower() != "received":
            return _reply(ignored=True)
        item = to_rejection(account, raw, source_id)
    else:
        item = to_item(
            account,
            raw,
            sender=fields.text("From"),
            # An MMS without words has an empty Body: that is no text, not an empty one.
            data=None if attachments and not body else body,
            coding=None,
            source_id=source_id,
            attachments=attachments,
        )
    return _reply(item)


def _reply(*items: Item, ignored: bool = False) -> WebReply:
    return WebReply(
        items,
        body=_TWIML,
        content_type="text/xml",
        ignored="delivery_report" if ignored else None,
    )


def _media(fields: Fields) -> tuple[DraftAttachment, ...]:
    found = []
    for number in range(_MOST_MEDIA):
        url = fields.text(f"MediaUrl{number}")
        if url is not None:
            kind = fields.text(f"MediaContentType{number}") or "application/octet-stream"
            found.append(DraftAttachment(media_type=kind, media_id=url))
    return tuple(found)


def _in_signing_order(fields: Fields) -> bytes:
    """Names sorted; of a repeated name the different values, sorted too."""
    return b"".join(name.encode() + value for name, value in sorted(set(fields.pairs)))
