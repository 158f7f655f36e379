"""Names that are computed, never drawn: the complaint id, its number, the reporter key."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, tzinfo
from uuid import UUID, uuid5

from normalizer.draft import Draft, Sender, SenderKind
from normalizer.event import Channel, IdBasis, TimePrecision
from normalizer.phone import to_e164

#: Fixed for ever: another value would make every second delivery a new complaint.
COMPLAINT_NAMESPACE = UUID("5b0c7a52-3c58-5e0b-9d7a-4e0f3521d1aa")

#: Crockford's base 32: no I, L, O, U, so that a number survives handwriting and the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011")
#: 8 characters of 5 bits: at 10,000 complaints a year, two equal ones once in 20,000 years.
_REFERENCE_CHARS = 8


def platform_complaint_id(channel: Channel, account: str, source_id: str) -> UUID:
    """The complaint id of the item that a platform calls ``source_id``."""
    return _uuid("platform", channel, account, source_id)


def complaint_id(draft: Draft, received_at: datetime) -> tuple[UUID, IdBasis]:
    """The id of one item, and what it was computed from.

    A second delivery of the same item gives the same id, as far as the platform lets one tell:
    by its own id; else by sender, provider time and content; else not at all, and both are kept.
    ``received_at`` decides only in the last case, by its microseconds.
    """
    if draft.source_id:
        found = platform_complaint_id(draft.channel, draft.account, draft.source_id)
        return found, IdBasis.PLATFORM_ID
    address = _normal_address(draft.sender)
    # A day is no time: two neighbours may write the same words on one day.
    timed = draft.submitted_at is not None and draft.submitted_precision is not TimePrecision.DAY
    content = _content_hash(draft)
    if address and timed and draft.submitted_at is not None:
        sent = _instant(draft.submitted_at)
        found = _uuid(
            "sent", draft.channel, draft.account, draft.sender.kind, address, sent, content
        )
        return found, IdBasis.SENDER_TIME_TEXT
    arrived, raw = _instant(received_at), hashlib.sha256(draft.raw).hexdigest()
    found = _uuid("arrival", draft.channel, draft.account, arrived, raw, content)
    return found, IdBasis.ARRIVAL


def reference(complaint: UUID, received_at: datetime, prefix: str, zone: tzinfo) -> str:
    """The number that people are told, such as ``NGW-26-7K3M9QXA``; the year is the local one."""
    # The last 48 bits of a UUID are hash only; version and variant stand before them.
    bits = complaint.int
    letters = ""
    for _ in range(_REFERENCE_CHARS):
        letters = _ALPHABET[bits & 31] + letters
        bits >>= 5
    return f"{prefix}-{received_at.astimezone(zone).year % 100:02d}-{letters}"


def parse_reference(text: str, prefix: str = "NGW") -> str | None:
    """The first complaint number in a text as people write it; None if there is none.

    Case, spaces, dots and dashes do not matter; O is read as 0, I and L as 1.
    """
    found = re.search(
        rf"(?<![0-9A-Z]){re.escape(prefix.upper())}[\s.\-–]*([0-9OIL]{{2}})[\s.\-–]*"
        r"([0-9A-TV-Z]{4}[\s.\-–]*[0-9A-TV-Z]{4})(?![0-9A-Z])",
        text.upper(),
    )
    if found is None:
        return None
    year = found[1].translate(_MISREAD)
    letters = re.sub(r"[\s.\-–]", "", found[2]).translate(_MISREAD)
    return f"{prefix}-{year}-{letters}"


def reporter_key(secret: bytes, sender: Sender, scope: str = "") -> str | None:
    """22 characters that are the same for the same address and tell nothing of it; None without.

    Keyed, since all Indonesian numbers can be tried against a plain hash. A handle means somebody
    only on its own platform: pass the channel as ``scope`` there, and nothing for phone or mail.
    """
    address = _normal_address(sender)
    if not address:
        return None
    if sender.kind is not SenderKind.HANDLE:
        scope = ""
    message = json.dumps((sender.kind, scope, address)).encode()
    return urlsafe_b64encode(hmac.digest(secret, message, "sha256")[:16]).rstrip(b"=").decode()


def blind_source_id(secret: bytes, channel: Channel, account: str, source_id: str) -> str:
    """A stand-in for a platform id that shows personal data."""
    message = json.dumps(("source", channel, account, source_id)).encode()
    return "hidden:" + hmac.digest(secret, message, "sha256").hex()[:24]


def _normal_address(sender: Sender) -> str | None:
    address = (sender.address or "").strip()
    if not address:
        return None
    if sender.kind is SenderKind.PHONE:
        return to_e164(address) or address.casefold()
    if sender.kind is SenderKind.HANDLE:
        return address.removeprefix("@").casefold()
    return address.casefold()


def _uuid(*parts: str) -> UUID:
    # JSON, since it says where one part ends: ("a", "bc") and ("ab", "c") must differ.
    return uuid5(COMPLAINT_NAMESPACE, json.dumps(parts))


def _instant(moment: datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:
        return moment.isoformat()


def _content_hash(draft: Draft) -> str:
    media = [attachment.media_id for attachment in draft.attachments]
    content = json.dumps((draft.title_raw, draft.text_raw, media))
    return hashlib.sha256(content.encode()).hexdigest()
