"""Direct messages: of version 1.1, of version 2, and encrypted ones."""

import json
from collections.abc import Mapping
from datetime import datetime

from connectors.x.media import Written, attachments_of, plain_text, point
from connectors.x.people import People, Person
from connectors.x.settings import XAccount
from connectors.x.times import moment, precision
from connectors.x.values import at, identifier, listed
from gateway.contract import Item
from normalizer.draft import Draft, Rejection, RejectionReason
from normalizer.event import Channel, ReplyPath

#: What stands for a message that the platform does not let us read; people open it on X.
ENCRYPTED = "[pesan terenkripsi X Chat; buka di aplikasi X]"
UNREADABLE = "[kiriman X tanpa teks; buka di aplikasi X]"

_MESSAGE_KINDS = (None, "message_create", "MessageCreate")


def message_item(
    account: XAccount, event: object, people: People, own_ids: frozenset[str]
) -> Item | None:
    """One direct message; None when we sent it ourselves."""
    create = at(event, "message_create")
    sender_id = identifier(at(create, "sender_id"), at(event, "sender_id"))
    if sender_id in own_ids:
        return None
    # Version 2 has the fields of the message at the top.
    body = at(create, "message_data") if isinstance(create, Mapping) else event
    raw = json.dumps({"event": event, "users": people.excerpt(sender_id)}).encode()
    source_id = identifier(at(event, "id_str"), at(event, "id"))
    kind = at(event, "type") or at(event, "event_type")
    if kind not in _MESSAGE_KINDS and create is None:
        return _rejection(account, raw, source_id, RejectionReason.NOT_A_COMPLAINT)
    if not isinstance(body, Mapping):
        return _rejection(account, raw, source_id, RejectionReason.UNREADABLE)
    sent_at = moment(at(event, "created_timestamp"), at(event, "created_at"))
    return _draft(account, raw, source_id, people.get(sender_id), _written(body), sent_at)


def encrypted_item(
    account: XAccount, payload: object, people: People, own_ids: frozenset[str]
) -> Item | None:
    """A message of X Chat: kept, so that a person opens it there; None when it is our own."""
    sender_id = identifier(at(payload, "sender_id"))
    if sender_id in own_ids:
        return None
    kept = dict(payload) if isinstance(payload, Mapping) else {}
    # It opens the conversation to whoever has it.
    kept.pop("conversation_token", None)
    raw = json.dumps({"chat": kept, "users": people.excerpt(sender_id)}).encode()
    source_id = identifier(at(payload, "id"))
    sent_at = moment(at(payload, "created_at_msec"))
    return _draft(account, raw, source_id, people.get(sender_id), Written(ENCRYPTED), sent_at)


def _draft(
    account: XAccount,
    raw: bytes,
    source_id: str | None,
    person: Person,
    written: Written,
    sent_at: datetime | None,
) -> Draft:
    user_id = person.user_id
    return Draft(
        channel=Channel.X,
        account=account.name,
        raw=raw,
        raw_media_type="application/json",
        source_id=source_id,
        text_raw=written.text,
        decoding="json",
        sender=person.sender,
        submitted_at=sent_at,
        submitted_precision=precision(sent_at),
        attachments=written.attachments,
        coordinates=written.coordinates,
        reply_path=ReplyPath(address=user_id, thread=source_id) if user_id else None,
    )


def _written(body: Mapping[object, object]) -> Written:
    attached = [one for one in (at(body, "attachment"), *listed(at(body, "attachments"))) if one]
    media = [at(one, "media") for one in attached if at(one, "media") is not None]
    found = attachments_of(media)
    spots = [point(at(one, "location", "shared_coordinate", "coordinates")) for one in attached]
    spot = next((one for one in spots if one), None)
    text = plain_text(at(body, "text"), listed(at(body, "entities", "urls")), media)
    if text is None and attached and not found and spot is None:
        text = UNREADABLE
    return Written(text, found, spot)


def _rejection(
    account: XAccount, raw: bytes, source_id: str | None, reason: RejectionReason
) -> Rejection:
    return Rejection(
        channel=Channel.X,
        account=account.name,
        reason=reason,
        raw=raw,
        raw_media_type="application/json",
        source_id=source_id,
    )
