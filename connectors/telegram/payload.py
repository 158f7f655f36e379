"""An ``Update`` of the Bot API: what item it is, if any. Pure.

Its types are python-telegram-bot's. Where they do not fit (a field of a strange shape, a kind of
content that is newer than they are) the words are taken from the JSON itself.
"""

import json
from dataclasses import dataclass, replace
from typing import Literal

from telegram import Message

from connectors.telegram.commands import addresses, is_command
from connectors.telegram.content import Content, is_service, read_content
from connectors.telegram.envelope import (
    Envelope,
    Json,
    as_id,
    as_object,
    as_text,
    as_time,
    read_envelope,
    read_user,
)
from connectors.telegram.fields import PROTOCOL
from connectors.telegram.settings import AccountBase
from gateway.contract import Item
from normalizer.draft import Draft, Piece, Rejection, RejectionReason, SourceRef
from normalizer.event import Channel, Exclusion, Relation, ReplyPath, TimePrecision

JSON = "application/json"

#: What we ask Telegram for, and why nothing else: posts of channels are broadcasts; changes of
#: membership are protocol, and a block shows when an answer is refused; we send no buttons,
#: polls or invoices that somebody could react to. Reactions come only when they are named.
ALLOWED_UPDATES = ("message", "edited_message", "message_reaction")

_MESSAGES = ("message", "channel_post")
_EDITS = ("edited_message", "edited_channel_post")
#: An album's messages come within a second; each new one starts the waiting again.
_ALBUM_WAIT_SECONDS = 3.0

Ignored = Literal["not_addressed", "own_message", "protocol"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an update comes to: an item, or why there is none."""

    item: Item | None = None
    ignored: Ignored | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the updates of one bot."""

    account: AccountBase
    #: First part of the numbers people are told; ``/status`` is known by it.
    reference_prefix: str

    def parse(self, body: bytes) -> Reading:
        """The body of a webhook call: one update."""
        try:
            # A damaged letter costs that letter, not the message.
            update = json.loads(body.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return self._rejected(RejectionReason.UNREADABLE, body, None)
        return self.read(update, body)

    def read(self, update: object, raw: bytes) -> Reading:
        """One update as JSON; ``raw`` are its bytes."""
        fields = as_object(update)
        update_id = as_id(fields.get("update_id"))
        source_id = f"update:{update_id}" if update_id else None
        for kinds, read in ((_MESSAGES, self._message), (_EDITS, self._edit)):
            for kind in kinds:
                if isinstance(message := fields.get(kind), dict):
                    return read(message, update_id, raw)
        if isinstance(reaction := fields.get("message_reaction"), dict):
            return self._reaction(reaction, update_id, raw)
        kinds_there = fields.keys() - {"update_id"}
        if kinds_there and kinds_there <= PROTOCOL:
            return Reading(ignored="protocol")
        if not fields or kinds_there & {*ALLOWED_UPDATES, *_MESSAGES, *_EDITS}:
            return self._rejected(RejectionReason.UNREADABLE, raw, source_id)
        # A kind that we do not know may hold what somebody wrote: it is kept aside.
        return self._rejected(RejectionReason.NOT_A_COMPLAINT, raw, source_id)

    def _message(self, message: Json, _: str | None, raw: bytes) -> Reading:
        envelope = read_envelope(message)
        ignored = self._ignored(message, envelope)
        if ignored is not None:
            return Reading(ignored=ignored)
        content = _content_of(message)
        if content is None:
            return self._rejected(RejectionReason.UNREADABLE, raw, envelope.source_id)
        relates_to = _answered_item(envelope)
        draft = self._draft(envelope, content, raw, envelope.source_id, relates_to)
        return Reading(_piece(draft, envelope) or draft)

    def _edit(self, message: Json, update_id: str | None, raw: bytes) -> Reading:
        envelope = read_envelope(message)
        ignored = self._ignored(message, envelope)
        if ignored is not None:
            return Reading(ignored=ignored)
        if "location" in message:
            # A place cannot be edited; this is a live one, which moves every few seconds.
            return Reading(ignored="protocol")
        content = _content_of(message)
        if content is None or envelope.item_id is None:
            return self._rejected(RejectionReason.UNREADABLE, raw, envelope.source_id)
        # Two edits may have the same ``edit_date``, never the same update.
        source_id = f"{envelope.source_id}:edit:{update_id}"
        first = SourceRef(source_id=envelope.item_id, relation=Relation.EDIT)
        draft = self._draft(envelope, content, raw, source_id, first)
        edited_at = as_time(message.get("edit_date")) or draft.submitted_at
        return Reading(replace(draft, submitted_at=edited_at))

    def _reaction(self, reaction: Json, update_id: str | None, raw: bytes) -> Reading:
        envelope = read_envelope(reaction)
        if not envelope.is_private or envelope.source_id is None:
            # In a group nobody can tell whether it is about what was written to us.
            return Reading(ignored="not_addressed")
        draft = Draft(
            channel=Channel.TELEGRAM,
            account=self.account.name,
            raw=raw,
            raw_media_type=JSON,
            source_id=f"{envelope.source_id}:reaction:{update_id}",
            text_raw=_reaction_text(reaction.get("new_reaction")),
            sender=read_user(as_object(reaction.get("user"))),
            submitted_at=as_time(reaction.get("date")),
            submitted_precision=TimePrecision.SECOND,
            relates_to=SourceRef(source_id=envelope.source_id, relation=Relation.REACTION),
        )
        return Reading(draft)

    def _ignored(self, message: Json, envelope: Envelope) -> Ignored | None:
        if envelope.sender_id == self.account.bot_id:
            return "own_message"
        if is_service(message.keys()):
            return "protocol"
        if envelope.is_private or self._is_addressed(message, envelope):
            return None
        return "not_addressed"

    def _is_addressed(self, message: Json, envelope: Envelope) -> bool:
        if envelope.answers is not None and envelope.answers.sender_id == self.account.bot_id:
            return True
        return addresses(_words(message) or "", self.account.username)

    def _draft(
        self,
        envelope: Envelope,
        content: Content,
        raw: bytes,
        source_id: str | None,
        relates_to: SourceRef | None,
    ) -> Draft:
        command = (
            relates_to is None
            and not content.attachments
            and content.text is not None
            and is_command(content.text, self.account.username, self.reference_prefix)
        )
        return Draft(
            channel=Channel.TELEGRAM,
            account=self.account.name,
            raw=raw,
            raw_media_type=JSON,
            source_id=source_id,
            text_raw=content.text,
            sender=envelope.sender,
            submitted_at=envelope.sent_at,
            submitted_precision=TimePrecision.SECOND,
            coordinates=content.coordinates,
            landmark=content.landmark,
            attachments=content.attachments,
            relates_to=relates_to,
            exclusion=Exclusion.COMMAND if command else None,
            reply_path=_reply_path(envelope),
        )

    def _rejected(self, reason: RejectionReason, raw: bytes, source_id: str | None) -> Reading:
        return Reading(
            Rejection(
                channel=Channel.TELEGRAM,
                account=self.account.name,
                reason=reason,
                raw=raw,
                raw_media_type=JSON,
                source_id=source_id,
            )
        )


def _content_of(message: Json) -> Content | None:
    """The content; when its shape is strange the words alone, None when there are none."""
    try:
        typed = Message.de_json(dict(message), None)
        return read_content(typed, message.keys())
    except Exception:  # noqa: BLE001 - whatever the types choke on, the words are kept
        words = _words(message)
        return Content(words) if words else None


def _words(message: Json) -> str | None:
    return as_text(message.get("text")) or as_text(message.get("caption"))


def _piece(draft: Draft, envelope: Envelope) -> Piece | None:
    """The message as a piece of its album, if it is one."""
    if envelope.album_id is None or not (envelope.message_id or "").isdecimal():
        return None
    return Piece(
        draft=draft,
        key=f"{envelope.chat_id}:{envelope.media_group_id}",
        number=int(envelope.message_id or 0),
        wait_seconds=_ALBUM_WAIT_SECONDS,
        restarts=True,
        item_id=envelope.album_id,
    )


def _answered_item(envelope: Envelope) -> SourceRef | None:
    """What somebody answers to themselves belongs to what they wrote before.

    An answer to our own message starts a new item: which complaint that message was about is not
    in the update, and an item of its own is never lost.
    """
    answers = envelope.answers
    if answers is None or answers.item_id is None or envelope.sender.address is None:
        return None
    if answers.sender.address != envelope.sender.address:
        return None
    return SourceRef(source_id=answers.item_id, relation=Relation.REPLY_TO)


def _reply_path(envelope: Envelope) -> ReplyPath | None:
    # Never another bot: two that answer each other do not stop.
    if envelope.chat_id is None or envelope.is_bot:
        return None
    return ReplyPath(
        address=envelope.chat_id, thread=envelope.message_id, public=not envelope.is_private
    )


def _reaction_text(reactions: object) -> str:
    listed = reactions if isinstance(reactions, list) else []
    shown = [as_text(as_object(one).get("emoji")) or "lain" for one in listed]
    return f"[reaksi {' '.join(shown)}]" if shown else "[reaksi dihapus]"
