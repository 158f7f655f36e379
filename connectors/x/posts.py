"""Posts that concern us: mentions, replies to us, quotations of us, and deletions."""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.x.media import Written, attachments_of, plain_text, point
from connectors.x.people import People, Person, person_of
from connectors.x.settings import XAccount
from connectors.x.times import moment, precision
from connectors.x.values import at, identifier, listed, words
from gateway.contract import Item
from normalizer.draft import Draft, Rejection, RejectionReason, SourceRef
from normalizer.event import Channel, Relation, ReplyPath


@dataclass(frozen=True, slots=True)
class Post:
    """One post, whichever version it was told in."""

    post_id: str | None
    author: Person
    written: Written
    sent_at: datetime | None
    #: What the author only passed on: the words are somebody else's.
    is_repost: bool
    #: Whether X, or the post, says that it is meant for us.
    concerns_us: bool
    relates_to: SourceRef | None
    #: X cut the text and did not send the rest.
    incomplete: bool = False


def post_item(account: XAccount, post: Post, raw: bytes) -> Item:
    """A post that is not our own. What is not meant for us is kept aside, and counted."""
    if not post.concerns_us:
        return Rejection(
            channel=Channel.X,
            account=account.name,
            reason=RejectionReason.NOT_A_COMPLAINT,
            raw=raw,
            raw_media_type="application/json",
            source_id=post.post_id,
        )
    address = post.author.handle or post.author.user_id
    return Draft(
        channel=Channel.X,
        account=account.name,
        raw=raw,
        raw_media_type="application/json",
        source_id=post.post_id,
        text_raw=post.written.text,
        decoding="json",
        sender=post.author.sender,
        submitted_at=post.sent_at,
        submitted_precision=precision(post.sent_at),
        attachments=post.written.attachments,
        coordinates=post.written.coordinates,
        relates_to=post.relates_to,
        incomplete=post.incomplete,
        # Everybody can read the answer to a post.
        reply_path=ReplyPath(address=address, thread=post.post_id, public=True)
        if address and post.post_id
        else None,
    )


def deletion_item(account: XAccount, post_id: str, raw: bytes, deleted_at: datetime | None) -> Item:
    """A post that its author took back."""
    return Draft(
        channel=Channel.X,
        account=account.name,
        raw=raw,
        raw_media_type="application/json",
        source_id=f"{post_id}-deleted",
        submitted_at=deleted_at,
        submitted_precision=precision(deleted_at),
        relates_to=SourceRef(source_id=post_id, relation=Relation.DELETION),
    )


def post_of_1_1(account: XAccount, status: object) -> Post:
    """A status of version 1.1, as the Account Activity API sends it."""
    whole = at(status, "extended_tweet")
    entities = at(whole, "entities") or at(status, "entities")
    extended = at(whole, "extended_entities") or at(status, "extended_entities")
    media = listed(at(extended, "media")) or listed(at(entities, "media"))
    text = at(whole, "full_text") or at(status, "full_text") or at(status, "text")
    post_id = identifier(at(status, "id_str"), at(status, "id"))
    author = person_of(at(status, "user"))
    replied_to = identifier(
        at(status, "in_reply_to_user_id_str"), at(status, "in_reply_to_user_id")
    )
    quoted = person_of(at(status, "quoted_status", "user")).user_id
    mentioned = {
        identifier(at(one, "id_str"), at(one, "id"))
        for one in listed(at(entities, "user_mentions"))
    }
    post = Post(
        post_id=post_id,
        author=author,
        written=Written(
            plain_text(text, listed(at(entities, "urls")), media),
            attachments_of(media),
            point(at(status, "coordinates")),
        ),
        sent_at=moment(at(status, "timestamp_ms"), at(status, "created_at")),
        is_repost=at(status, "retweeted_status") is not None,
        concerns_us=account.user_id in {replied_to, quoted, *mentioned}
        or _names_us(account, text)
        or at(status, "is_quote_status") is True,
        relates_to=_continues(
            author, replied_to, at(status, "in_reply_to_status_id_str"),
            at(status, "in_reply_to_status_id"),
        ),
        incomplete=at(status, "truncated") is True and whole is None,
    )  # fmt: skip
    versions = at(status, "edit_history")
    first = identifier(
        at(versions, "initial_tweet_id"), *listed(at(versions, "edit_tweet_ids"))[:1]
    )
    return _as_edit_of(first, post)


def post_of_2(account: XAccount, kind: str, payload: object, includes: object) -> Post:
    """A Post of version 2, as the X Activity API sends it under ``kind``."""
    people = People(at(includes, "users"))
    keys = listed(at(payload, "attachments", "media_keys"))
    media = [one for one in listed(at(includes, "media")) if at(one, "media_key") in keys]
    long_text = at(payload, "note_tweet")
    entities = at(long_text, "entities") or at(payload, "entities")
    text = at(long_text, "text") or at(payload, "text")
    author = people.get(identifier(at(payload, "author_id")))
    references = {
        words(at(one, "type")): at(one, "id") for one in listed(at(payload, "referenced_tweets"))
    }
    replied_to = identifier(at(payload, "in_reply_to_user_id"))
    mentioned = {identifier(at(one, "id")) for one in listed(at(entities, "mentions"))}
    post = Post(
        post_id=identifier(at(payload, "id")),
        author=author,
        written=Written(
            plain_text(text, listed(at(entities, "urls")), media),
            attachments_of(media),
            point(at(payload, "geo", "coordinates")),
        ),
        sent_at=moment(at(payload, "created_at")),
        is_repost="retweeted" in references,
        concerns_us=kind != "post.create"
        or account.user_id in {replied_to, *mentioned}
        or _names_us(account, text),
        relates_to=_continues(author, replied_to, references.get("replied_to")),
    )
    return _as_edit_of(identifier(*listed(at(payload, "edit_history_tweet_ids"))[:1]), post)


def raw_of(post: object, includes: object = None) -> bytes:
    """What is kept of one post: itself, and whoever X told of beside it."""
    return json.dumps({"post": post, **({"includes": includes} if includes else {})}).encode()


def _continues(author: Person, replied_to: str | None, *earlier: object) -> SourceRef | None:
    """A thread of one person's own posts. Two people's complaints are never one."""
    earlier_id = identifier(*earlier)
    if earlier_id is None or author.user_id is None or replied_to != author.user_id:
        return None
    return SourceRef(source_id=earlier_id, relation=Relation.SUPPLEMENT)


def _as_edit_of(first_id: str | None, post: Post) -> Post:
    """X gives every edited version an id of its own."""
    if first_id is None or first_id == post.post_id:
        return post
    return replace(post, relates_to=SourceRef(source_id=first_id, relation=Relation.EDIT))


def _names_us(account: XAccount, text: object) -> bool:
    found = re.compile(rf"@{account.handle}\b", re.IGNORECASE | re.ASCII)
    return isinstance(text, str) and found.search(text) is not None
