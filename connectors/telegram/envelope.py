"""Who wrote where and when. Read field by field: one strange field costs no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from normalizer.draft import Sender, SenderKind

Json = Mapping[str, object]

_GROUPS = ("group", "supergroup", "channel")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds the content of one message."""

    chat_id: str | None
    chat_type: str | None
    message_id: str | None
    #: Set on every message of an album.
    media_group_id: str | None
    #: The user's id, or that of the channel in whose name was written.
    sender_id: str | None
    sender: Sender = field(repr=False)
    is_bot: bool
    sent_at: datetime | None
    #: The message this one answers, when both are in the same chat.
    answers: "Envelope | None"

    @property
    def source_id(self) -> str | None:
        """A message id counts within its chat only."""
        if self.chat_id is None or self.message_id is None:
            return None
        return f"{self.chat_id}:{self.message_id}"

    @property
    def album_id(self) -> str | None:
        """The id of the item that an album's messages make together."""
        if self.chat_id is None or self.media_group_id is None:
            return None
        return f"{self.chat_id}:album:{self.media_group_id}"

    @property
    def item_id(self) -> str | None:
        """The source id of the item that this message is, or is a piece of."""
        return self.album_id or self.source_id

    @property
    def is_private(self) -> bool:
        """A chat of one person with the bot. An unknown type counts as one: the words matter."""
        if self.chat_type == "private":
            return True
        # Ids of groups and channels are negative.
        return self.chat_type not in _GROUPS and not (self.chat_id or "").startswith("-")


def read_envelope(message: Json) -> Envelope:
    """The envelope of a ``Message`` object; never raises."""
    chat = as_object(message.get("chat"))
    sender_id, sender, is_bot = _read_sender(message, chat)
    answered = as_object(message.get("reply_to_message"))
    # In a forum every message "answers" the one that opened its topic.
    answers = bool(answered) and "forum_topic_created" not in answered
    return Envelope(
        chat_id=as_id(chat.get("id")),
        chat_type=as_text(chat.get("type")),
        message_id=as_id(message.get("message_id")),
        media_group_id=as_id(message.get("media_group_id")),
        sender_id=sender_id,
        sender=sender,
        is_bot=is_bot,
        sent_at=as_time(message.get("date")),
        # Telegram nests no further than one.
        answers=read_envelope({**answered, "reply_to_message": None}) if answers else None,
    )


def read_user(user: Json) -> Sender:
    """A ``User`` object as sender. The id stays for life; names and usernames change."""
    names = (as_text(user.get("first_name")), as_text(user.get("last_name")))
    name = " ".join(part for part in names if part)
    return _handle(as_id(user.get("id")), name, as_text(user.get("username")))


def as_object(value: object) -> Json:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_id(value: object) -> str | None:
    """An id as a string: user and chat ids pass 32 bits, and other languages' whole numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return as_text(value)


def as_text(value: object) -> str | None:
    """A string that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def as_time(value: object) -> datetime | None:
    """Unix seconds as aware UTC."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read_sender(message: Json, chat: Json) -> tuple[str | None, Sender, bool]:
    """Id, sender, and whether it is a program."""
    in_the_name_of = as_object(message.get("sender_chat"))
    if not in_the_name_of:
        user = as_object(message.get("from"))
        return as_id(user.get("id")), read_user(user), user.get("is_bot") is True
    # ``from`` is then a stand-in of Telegram's, the same for everybody.
    sender_id = as_id(in_the_name_of.get("id"))
    if sender_id == as_id(chat.get("id")):
        # An administrator who stays anonymous: the group's id would make them all one person.
        return sender_id, Sender(), False
    name, username = as_text(in_the_name_of.get("title")), in_the_name_of.get("username")
    return sender_id, _handle(sender_id, name or "", as_text(username)), False


def _handle(identity: str | None, name: str, username: str | None) -> Sender:
    called = f"{name} (@{username})" if username else name
    kind = SenderKind.HANDLE if identity else SenderKind.NONE
    return Sender(kind=kind, address=identity, name=called.strip() or None)
