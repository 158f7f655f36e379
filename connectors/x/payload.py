"""What X posts to a webhook, and its way to items. All of it is pure.

Two shapes arrive. The Account Activity API sends lists of version 1.1 under names such as
``direct_message_events``. The X Activity API, its successor, sends one event in ``data`` and says
its kind in ``event_type``; its direct messages hold the same lists.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.x.messages import encrypted_item, message_item
from connectors.x.people import People
from connectors.x.posts import (
    Post,
    deletion_item,
    post_item,
    post_of_1_1,
    post_of_2,
    raw_of,
)
from connectors.x.settings import XAccount
from connectors.x.times import moment
from connectors.x.values import at, identifier, load
from gateway.contract import Item
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel

_MESSAGES = "direct_message_events"
_POSTS = "tweet_create_events"
_DELETIONS = "tweet_delete_events"

#: What people do, not what they write.
_NOTICES = frozenset(
    (
        "favorite_events",
        "follow_events",
        "unfollow_events",
        "block_events",
        "unblock_events",
        "mute_events",
        "unmute_events",
        "user_event",
        "direct_message_indicate_typing_events",
        "direct_message_mark_read_events",
    )
)
_BESIDE = frozenset(("for_user_id", "users", "apps", "user_has_blocked", "is_blocked_by"))
_NOTICE_KINDS = (
    "dm.read",
    "dm.indicate_typing",
    "chat.conversation",
    "chat.update",
    "like.",
    "follow.",
    "profile.",
    "mute.",
    "block.",
    "spaces.",
    "news.",
    "oauth.",
)


@dataclass(slots=True)
class Reading:
    """What one request held."""

    items: list[Item]
    #: How many messages and posts were our own, and how many events were no writing at all.
    own: int = 0
    notices: int = 0

    def take(self, item: Item | None) -> None:
        """Add an item; None is one of our own."""
        if item is None:
            self.own += 1
        else:
            self.items.append(item)


def read_body(account: XAccount, body: bytes) -> Reading:
    """Every event on its own: a bad one never takes the good ones with it."""
    document = load(body)
    reading = Reading([])
    event = at(document, "data")
    if isinstance(event, Mapping) and isinstance(at(event, "event_type"), str):
        _read_activity(account, event, at(document, "includes"), reading)
    elif isinstance(document, Mapping) and document:
        _read_lists(account, document, reading)
    else:
        reading.take(_unreadable(account, body, "application/octet-stream"))
    return reading


def _read_lists(account: XAccount, document: Mapping[object, object], reading: Reading) -> None:
    own_ids = _own_ids(account, at(document, "for_user_id"))
    people = People(at(document, "users"))
    for name, events in document.items():
        if name in _BESIDE:
            continue
        if name in _NOTICES:
            reading.notices += 1
        elif name == _MESSAGES and isinstance(events, list):
            for event in events:
                reading.take(message_item(account, event, people, own_ids))
        elif name == _POSTS and isinstance(events, list):
            for event in events:
                post = post_of_1_1(account, event)
                _take_post(account, post, raw_of(event), own_ids, reading)
        elif name == _DELETIONS and isinstance(events, list):
            for event in events:
                reading.take(_deletion(account, event, own_ids))
        else:
            # Something that X did not send when this was written: a person looks at it.
            raw = json.dumps({name: events}).encode()
            reading.take(_unreadable(account, raw, "application/json"))


def _read_activity(
    account: XAccount, event: Mapping[object, object], beside: object, reading: Reading
) -> None:
    kind, payload = str(event["event_type"]), at(event, "payload")
    own_ids = _own_ids(account, at(event, "filter", "user_id"))
    includes = at(event, "includes") or beside
    people = People(at(payload, "users") or at(includes, "users"))
    if kind.startswith(_NOTICE_KINDS):
        reading.notices += 1
    elif kind in ("dm.received", "dm.sent"):
        told = at(payload, _MESSAGES)
        for message in told if isinstance(told, list) else [payload]:
            reading.take(message_item(account, message, people, own_ids))
    elif kind in ("chat.received", "chat.sent"):
        reading.take(encrypted_item(account, payload, people, own_ids))
    elif kind == "post.delete":
        reading.take(_deletion(account, payload, own_ids))
    elif kind.startswith("post."):
        raw = raw_of(payload, includes)
        _take_post(account, post_of_2(account, kind, payload, includes), raw, own_ids, reading)
    else:
        raw = json.dumps({"data": event}).encode()
        reading.take(_unreadable(account, raw, "application/json"))


def _take_post(
    account: XAccount, post: Post, raw: bytes, own_ids: frozenset[str], reading: Reading
) -> None:
    if post.author.user_id in own_ids:
        reading.own += 1
    elif post.is_repost:
        reading.notices += 1
    else:
        reading.take(post_item(account, post, raw))


def _deletion(account: XAccount, event: object, own_ids: frozenset[str]) -> Item | None:
    """Version 1.1 says ``status`` with ``user_id``, version 2 ``id`` with ``author_id``."""
    status = at(event, "status") or event
    post_id = identifier(at(status, "id_str"), at(status, "id"))
    raw = json.dumps({"deleted": event}).encode()
    if identifier(at(status, "user_id"), at(status, "author_id")) in own_ids:
        return None
    if post_id is None:
        return _unreadable(account, raw, "application/json")
    return deletion_item(account, post_id, raw, moment(at(event, "timestamp_ms")))


def _own_ids(account: XAccount, addressed: object) -> frozenset[str]:
    """We, and the account of ours that X says the event is for."""
    return frozenset(filter(None, (account.user_id, identifier(addressed))))


def _unreadable(account: XAccount, raw: bytes, media_type: str) -> Rejection:
    return Rejection(
        channel=Channel.X,
        account=account.name,
        reason=RejectionReason.UNREADABLE,
        raw=raw,
        raw_media_type=media_type,
    )
