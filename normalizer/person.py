"""Who it was: what the event may say of it, and what is sealed."""

import base64
from collections.abc import Mapping
from typing import Literal

from normalizer.draft import Draft, Sender, SenderKind
from normalizer.event import Channel, PrivatePart, Reporter, ReporterStatus
from normalizer.phone import is_indonesian_mobile, to_e164
from normalizer.pii import PersonalData
from normalizer.text import clean, repair

#: Channels on which we can write back to whoever wrote to us.
_ANSWERING = frozenset(
    (
        Channel.SMS,
        Channel.TELEGRAM,
        Channel.FACEBOOK,
        Channel.INSTAGRAM,
        Channel.WHATSAPP,
        Channel.X,
        Channel.EMAIL,
    )
)
#: No way back on the channel itself; a mobile number that came along takes an SMS.
_ANSWERED_ELSEWHERE = frozenset(
    (
        Channel.CALL_CENTER,
        Channel.COMPLAINT_BOX,
        Channel.WALK_IN,
        Channel.LETTER,
        Channel.SOCIAL_CAPTURE,
    )
)


def make_reporter(draft: Draft, key: str | None) -> Reporter:
    """The reporter as everybody may see it."""
    status = draft.reporter_status
    if status is None:
        known = key is not None or bool(draft.sender.name and draft.sender.name.strip())
        status = ReporterStatus.KNOWN if known else ReporterStatus.UNKNOWN
    return Reporter(key=key, status=status, reachable_on=_reachable_on(draft))


def private_part(draft: Draft, hidden_source_id: str | None) -> PrivatePart:
    """All that only the deliver key opens; ``raw`` is exactly what arrived."""
    sender = draft.sender
    address = sender.address
    phone = address if sender.kind is SenderKind.PHONE else None
    raw, raw_encoding = as_text(draft.raw, draft.raw_sha256)
    return PrivatePart(
        name=repaired(sender.name),
        phone=repaired(phone and (to_e164(phone) or phone)),
        email=repaired(address) if sender.kind is SenderKind.EMAIL else None,
        # An address of no told kind is kept here rather than lost.
        handle=repaired(address) if sender.kind in (SenderKind.HANDLE, SenderKind.NONE) else None,
        postal_address=repaired(sender.postal_address),
        nik=repaired(sender.nik),
        source_id=repaired(hidden_source_id),
        original_text=repaired(draft.text_raw),
        original_title=repaired(draft.title_raw),
        decoding=repaired(draft.decoding),
        raw=raw,
        raw_encoding=raw_encoding,
        raw_media_type=repair(draft.raw_media_type),
    )


def known_identities(
    sender: Sender, place_names: Mapping[str, object]
) -> tuple[tuple[str, PersonalData], ...]:
    """What the platform told of the sender, to be replaced where it stands in the text.

    A name that is also a place's is passed over: a place lost would cost more than it hides.
    """
    known: list[tuple[str, PersonalData]] = []
    if sender.nik:
        known.append((clean(sender.nik), PersonalData.NIK))
    if sender.name:
        name = clean(sender.name)
        if name.lower().replace(" ", "") not in place_names:
            known.append((name, PersonalData.NAME))
    if sender.address:
        address = clean(sender.address)
        if sender.kind is SenderKind.PHONE:
            known.append((address, PersonalData.PHONE))
        elif sender.kind is SenderKind.HANDLE:
            handle = address.removeprefix("@")
            if handle.lower() not in place_names:
                known.append((handle, PersonalData.NAME))
    return tuple(known)


def repaired(text: str | None) -> str | None:
    """``repair`` for what may be absent."""
    return None if text is None else repair(text)


def as_text(
    raw: bytes, stored_as: str | None = None
) -> tuple[str, Literal["utf-8", "base64", "blob"]]:
    """Raw bytes as they stand in a ``PrivatePart``, and how; of a stored blob its name."""
    if stored_as is not None:
        return stored_as, "blob"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode("ascii"), "base64"


def _reachable_on(draft: Draft) -> Channel | None:
    sender = draft.sender
    address = (sender.address or "").strip()
    if not address:
        return None
    if draft.channel is Channel.SMS:
        # Short codes and names such as "MTN" can send and not receive.
        return Channel.SMS if to_e164(address) else None
    if draft.channel in _ANSWERING:
        return draft.channel
    if draft.channel in _ANSWERED_ELSEWHERE:
        if sender.kind is SenderKind.EMAIL:
            return Channel.EMAIL
        number = to_e164(address) if sender.kind is SenderKind.PHONE else None
        return Channel.SMS if number and is_indonesian_mobile(number) else None
    return None
