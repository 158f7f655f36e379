"""From the body of a webhook to its items: every entry, every change, every message of a batch.

Graph API, "Webhooks: Getting started": up to 1000 updates come together, of several accounts.
Each is read on its own; what nobody knows is kept aside, since it may hold somebody's words.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from connectors.meta.fields import as_id, as_mapping, as_moment
from connectors.meta.instagram import FIELDS as INSTAGRAM_FIELDS
from connectors.meta.instagram import read_instagram_change
from connectors.meta.item import Found, Outcome, Quiet, Reader
from connectors.meta.messaging import account_of, is_messaging, read_messaging
from connectors.meta.page import FIELDS as PAGE_FIELDS
from connectors.meta.page import read_page_change
from connectors.meta.settings import MetaApp
from connectors.meta.whatsapp import split_change
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel

log = logging.getLogger(__name__)

_OBJECTS = {
    "page": Channel.FACEBOOK,
    "instagram": Channel.INSTAGRAM,
    "whatsapp_business_account": Channel.WHATSAPP,
}
#: Numbers about our own posts.
_QUIET_FIELDS = ("story_insights",)

Unread = tuple[Found, Reader] | Quiet


def read_body(app: MetaApp, body: bytes) -> tuple[Outcome, ...]:
    """What a signed body holds. Never raises; one bad item leaves the others as they are."""
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return (_whole(app, body, RejectionReason.UNREADABLE),)
    envelope = as_mapping(root)
    channel = _OBJECTS.get(as_id(envelope.get("object")) or "")
    entries = envelope.get("entry")
    if channel is None or not isinstance(entries, list):
        return (_whole(app, body, RejectionReason.NOT_A_COMPLAINT),)
    return tuple(
        one if isinstance(one, str) else _read(*one)
        for entry in entries
        for one in _split_entry(_entry_of(app, channel, entry, body))
    )


def _entry_of(app: MetaApp, channel: Channel, entry: object, body: bytes) -> Found:
    fields = as_mapping(entry)
    name = next(name for name, of in _OBJECTS.items() if of is channel)
    return Found(
        app=app,
        channel=channel,
        account_id=as_id(fields.get("id")),
        item=entry,
        context={"object": name, "entry": {key: fields.get(key) for key in ("id", "time")}},
        body=body,
        noticed_at=as_moment(fields.get("time")),
    )


def _read(found: Found, read: Reader) -> Outcome:
    try:
        return read(found)
    except Exception as error:
        # A fault of ours in one item must not take the others with it.
        log.exception(
            "item.read_failed",
            extra={
                "channel": found.channel,
                "account": found.account,
                "error": type(error).__name__,
            },
        )
        return found.rejection(RejectionReason.CONNECTOR_FAILED)


def _split_entry(whole: Found) -> Iterator[Unread]:
    """The items of one entry, which is ``whole.item``, each with its reader."""
    entry = as_mapping(whole.item)
    known = False
    for name in ("messaging", "standby", "changes"):
        items = entry.get(name)
        if items is None:
            continue
        known = True
        if not isinstance(items, list):
            yield whole, _unreadable
            continue
        for item in items:
            found = replace(whole, item=item)
            if name == "changes":
                yield from _split_change(found)
            else:
                yield _to_us(found), partial(read_messaging, standby=name == "standby")
    if not known:
        yield whole, _no_words if entry else _unreadable


def _split_change(whole: Found) -> Iterator[Unread]:
    """The items of one change, which is ``whole.item``."""
    change = as_mapping(whole.item)
    field = as_id(change.get("field")) or ""
    value = change.get("value")
    found = replace(whole, item=value, context={**whole.context, "field": change.get("field")})
    if not as_mapping(value):
        yield whole, _unreadable
    elif whole.channel is Channel.WHATSAPP:
        yield from split_change(found, field)
    elif is_messaging(value):
        yield _to_us(found), partial(read_messaging, standby=field == "standby")
    elif whole.channel is Channel.FACEBOOK and field in PAGE_FIELDS:
        yield found, partial(read_page_change, field=field)
    elif whole.channel is Channel.INSTAGRAM and field in INSTAGRAM_FIELDS:
        yield found, partial(read_instagram_change, field=field)
    elif field in _QUIET_FIELDS:
        yield "delivery_report"
    else:
        yield found, _no_words


def _to_us(found: Found) -> Found:
    """A message says itself to whom it was sent, should its entry not say it."""
    return replace(found, account_id=found.account_id or account_of(found.item))


def _unreadable(found: Found) -> Outcome:
    return found.rejection()


def _no_words(found: Found) -> Outcome:
    return found.rejection(RejectionReason.NOT_A_COMPLAINT)


def _whole(app: MetaApp, body: bytes, reason: RejectionReason) -> Rejection:
    return Rejection(
        channel=Channel.FACEBOOK,
        account=app.name,
        reason=reason,
        raw=body,
        raw_media_type="application/json",
    )
