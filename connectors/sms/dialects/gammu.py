"""gammu-smsd: what ``gammu-receive`` posts of the environment of its ``RunOnReceive`` program.

Manual: gammu-smsd-run(7). smsd joins long messages itself (``DECODED_*``); when a part never came
it hands over the parts it has, as single messages. The script adds ``id`` (what smsd calls the
message) and ``received``; it posts until it is answered 2xx.
"""

from datetime import UTC

from connectors.sms.credentials import check_bearer
from connectors.sms.payload import Fields, form_of, to_item, to_rejection
from connectors.sms.settings import GammuAccount
from connectors.sms.times import read_time
from gateway.contract import WebReply, WebRequest
from normalizer.event import TimePrecision

#: The texts that smsd gives to status reports. Only they come with a reference other than 0.
_REPORT_TEXTS = (b"Delivered", b"Failed", b"Pending", b"Unknown")
#: The most parts that a long message can have.
_MOST_PARTS = 255


def verify(account: GammuAccount, request: WebRequest) -> None:
    """The script's token, as ``Authorization: Bearer``."""
    check_bearer(request, account.token)


def read(account: GammuAccount, request: WebRequest) -> WebReply:
    """One message, or the report of one that smsd sent."""
    fields, raw = form_of(request, None)
    if fields.number("SMS_1_REFERENCE") and fields.get("SMS_1_TEXT") in _REPORT_TEXTS:
        return WebReply(ignored="delivery_report")
    joined = _texts(fields, "DECODED", "DECODED_PARTS")
    single = _texts(fields, "SMS", "SMS_MESSAGES")
    # The title of an MMS that waits at the operator: better than nothing.
    found = joined or single or [title for title in [fields.get("DECODED_1_MMS_TITLE")] if title]
    if not found:
        return WebReply((to_rejection(account, raw, fields.text("id")),))
    moment = read_time(fields.text("received"), "iso", UTC)
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    item = to_item(
        account,
        raw,
        sender=fields.text("SMS_1_NUMBER"),
        data=b"".join(found),
        coding="utf-8",
        source_id=fields.text("id"),
        submitted_at=submitted_at,
        precision=precision,
        incomplete=not joined and len(single) > 1,
    )
    return WebReply((item,))


def _texts(fields: Fields, prefix: str, counted: str) -> list[bytes]:
    most = min(fields.number(counted) or 0, _MOST_PARTS)
    values = [fields.get(f"{prefix}_{number}_TEXT") for number in range(1, most + 1)]
    return [value for value in values if value is not None]
