"""Jasmin SMS gateway: an HTTP client connector posting SMS-MO.

``content`` is bytes of the operator's alphabet forced into a form; ``binary`` has the same bytes
in hex, unharmed. Anything but ``ACK/Jasmin`` with status 200 is repeated, under the same ``id``.
"""

from connectors.sms.credentials import check_basic_or_token
from connectors.sms.encoding import decode_smpp
from connectors.sms.payload import Fields, form_of, to_draft, to_rejection
from connectors.sms.settings import JasminAccount
from gateway.contract import Item, WebReply, WebRequest

_ACK = b"ACK/Jasmin"


def verify(account: JasminAccount, request: WebRequest) -> None:
    """Basic credentials or token from the connector's ``baseurl``."""
    check_basic_or_token(account, request)


def read(account: JasminAccount, request: WebRequest) -> WebReply:
    """One message, or a delivery report, of both levels."""
    fields, raw = form_of(request, "token")
    data = _message_bytes(fields)
    if data is None and fields.get("message_status") is not None:
        return WebReply(body=_ACK, ignored="delivery_report")
    item: Item
    if data is None:
        item = to_rejection(account, raw, fields.text("id"))
    else:
        item = to_draft(
            account,
            raw,
            sender=fields.text("from"),
            text=decode_smpp(data, fields.number("coding") or 0, account.default_alphabet),
            source_id=fields.text("id"),
        )
    return WebReply((item,), body=_ACK)


def _message_bytes(fields: Fields) -> bytes | None:
    binary = fields.text("binary")
    if binary is not None:
        try:
            return bytes.fromhex(binary)
        except ValueError:
            # Not hex after all: what stands in ``content`` is still the citizen's text.
            pass
    return fields.get("content", "binary")
