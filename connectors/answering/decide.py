"""Who is answered, with which words, and when nobody is. Pure."""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connectors.answering.rows import Asked, Due, Known, Standing, Wanted
from connectors.answering.templates import Facts, Sentence
from normalizer.event import Awaits, Channel, ComplaintEvent, Exclusion, ReplyPath
from normalizer.identity import parse_reference
from normalizer.outcome import ReplyKind

#: ``/status NGW-26-7K3M9QXA``. Every other word, and a number that is none, gets the help.
_STATUS_WORD: Final = "status"


def known(event: ComplaintEvent) -> Known | None:
    """What is noted of an event; None for one that nobody is ever told about.

    An edit, a deletion, a reaction or a supplement belongs to an item that was answered. Of what no
    person wrote nothing is noted.
    """
    if event.relation is not None or event.exclusion not in (None, Exclusion.COMMAND):
        return None
    return Known(
        complaint_id=event.complaint_id,
        reference=event.reference,
        channel=event.channel,
        account=event.account,
        reachable_on=event.reporter.reachable_on,
        reporter_key=event.reporter.key,
        received_at=event.received_at,
        command=event.exclusion is Exclusion.COMMAND,
        call_back=event.awaits is Awaits.CALL_BACK,
        reply_to=event.reply_to,
    )


def wanted(
    item: Known, text: str, reference_prefix: str, *, tells_received: bool = True
) -> Wanted | None:
    """The answer that an item asks for as soon as it is known."""
    if item.reply_to is None:
        return None
    if item.command:
        return _asked(text, reference_prefix)
    return Wanted(ReplyKind.RECEIVED) if tells_received else None


def held_back(due: Due, path: ReplyPath, now: datetime, received_within: timedelta) -> str | None:
    """Why an answer is not given although somebody could give it; None: it is given."""
    kind = due.answer.key.kind
    # An operator who sends again knows how late it is.
    first = due.answer.key.round == 1
    if first and kind is not ReplyKind.ENTERED and due.item.received_at + received_within < now:
        return "too_late"
    if path.expires_at is not None and path.expires_at <= now:
        return "expired"
    if path.public and kind is ReplyKind.ENTERED:
        return "public"
    return None


def sentence(due: Due, path: ReplyPath, standing: Standing | None) -> Sentence:
    """What is said. In public it is always the same, whatever was written or asked."""
    if path.public:
        return Sentence.INVITATION
    kind = due.answer.key.kind
    if kind is ReplyKind.ENTERED:
        return Sentence.ENTERED
    if kind is ReplyKind.RECEIVED:
        return Sentence.CALL_BACK if due.item.call_back else Sentence.RECEIVED
    if due.answer.asked is Asked.HELP:
        return Sentence.HELP
    if standing is None:
        return Sentence.STATUS_UNKNOWN
    return Sentence.STATUS_RECEIVED if standing.receipt is None else Sentence.STATUS_ENTERED


def facts(due: Due, standing: Standing | None, zone: ZoneInfo) -> Facts:
    """What the words are filled in with."""
    receipt = standing.receipt if standing is not None else None
    return Facts(
        number=due.answer.about or due.item.reference,
        tracking_id=receipt.tracking_id if receipt is not None else "",
        received_on=standing.received_at.astimezone(zone).date() if standing is not None else None,
        entered_on=receipt.entered_at.astimezone(zone).date() if receipt is not None else None,
    )


def day_start(now: datetime, zone: ZoneInfo) -> datetime:
    """When the local day began: the daily cap counts from then."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def shown_provider_id(channel: Channel, provider_id: str | None, address: str) -> str | None:
    """The platform's id of an answer as it may be kept: one that tells a number is hashed.

    A wamid holds the reader's number in base 64. It also holds random bytes, so nobody gets from
    the hash to the number; who has the id from Meta can still find the answer.
    """
    if not provider_id:
        return None
    telling = channel is Channel.WHATSAPP or address.lstrip("@+").lower() in provider_id.lower()
    if not telling and len(provider_id) <= 200:
        return provider_id
    return "hidden:" + hashlib.sha256(provider_id.encode()).hexdigest()[:24]


def _asked(text: str, reference_prefix: str) -> Wanted:
    first, *rest = text.split(None, 1) or ("",)
    # In a group: "/status@NgawiBot".
    word = first.lstrip("/").partition("@")[0].lower()
    about = parse_reference(rest[0], reference_prefix) if rest and word == _STATUS_WORD else None
    asked = Asked.HELP if about is None else Asked.STATUS
    return Wanted(ReplyKind.COMMAND, asked, about)
