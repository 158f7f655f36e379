"""Africa's Talking: a form for every incoming message ("SMS notifications").

Nothing is signed: the secret stands in the address that is registered. Long messages are joined.
Reports (``status``), opt-outs and subscriptions come to addresses of their own, and are known here
all the same: none of them has a text.
"""

from datetime import UTC

from connectors.sms.credentials import check_basic_or_token
from connectors.sms.payload import form_of, to_item, to_rejection
from connectors.sms.settings import AfricasTalkingAccount
from connectors.sms.times import read_time
from gateway.contract import WebReply, WebRequest
from normalizer.draft import RejectionReason
from normalizer.event import TimePrecision


def verify(account: AfricasTalkingAccount, request: WebRequest) -> None:
    """Basic credentials or token in the registered address."""
    check_basic_or_token(account, request)


def read(account: AfricasTalkingAccount, request: WebRequest) -> WebReply:
    """One message, or a notification about something else."""
    fields, raw = form_of(request, "token")
    text = fields.get("text")
    if text is None:
        if fields.get("status") is not None:
            return WebReply(ignored="delivery_report")
        known = fields.get("senderId", "updateType") is not None
        reason = RejectionReason.NOT_A_COMPLAINT if known else RejectionReason.UNREADABLE
        return WebReply((to_rejection(account, raw, fields.text("id"), reason),))
    moment = read_time(fields.text("date"), "iso", UTC)
    submitted_at, precision = moment or (None, TimePrecision.UNKNOWN)
    item = to_item(
        account,
        raw,
        sender=fields.text("from"),
        data=text,
        coding="utf-8",
        source_id=fields.text("id"),
        submitted_at=submitted_at,
        precision=precision,
    )
    return WebReply((item,))
