"""Jasmin SMS gateway: an HTTP client connector posting SMS-MO.

``content`` is bytes of the operator's alphabet forced into a form; ``binary`` has the same bytes
in hex, unharmed. Jasmin joins parts whose header is ``05 00 03``; any other header it leaves
before the words and says nothing of it (jookies/jasmin, issue 612). Anything but ``ACK/Jasmin``
with status 200 is repeated, under the same ``id``.
"""

from connectors.sms.credentials import check_basic_or_token
from connectors.sms.encoding import smpp_charset
from connectors.sms.joining import elements, part_of_udh
from connectors.sms.payload import Fields, form_of, to_item, to_rejection
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
        udh, data = _split_header(data)
        item = to_item(
            account,
            raw,
            sender=fields.text("from"),
            data=data,
            coding=smpp_charset(fields.number("coding") or 0, account.default_alphabet),
            source_id=fields.text("id"),
            part=part_of_udh(udh),
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


def _split_header(data: bytes) -> tuple[bytes, bytes]:
    """The user data header that Jasmin left before the words, and the words.

    Only one that counts parts is taken for a header: no text begins with such bytes.
    """
    length = 1 + data[0] if data else 0
    udh = data[:length]
    filled = sum(2 + len(content) for _, content in elements(udh)) == length - 1
    if len(udh) < length or not filled or part_of_udh(udh) is None:
        return b"", data
    return udh, data[length:]
