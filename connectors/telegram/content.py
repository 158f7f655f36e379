"""What a message holds: words, files, a place. Everything that is no plain text gets words, too."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from telegram import Checklist, Contact, Message, PhotoSize, Poll

from connectors.telegram.fields import DESCRIBING, SERVICE
from normalizer.draft import DraftAttachment

#: Field to the type that it is when the sender's program declares none. ``animation`` stands
#: before ``document``, which repeats it for old programs.
_FILES = {
    "animation": "video/mp4",
    "live_photo": "video/mp4",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "document": "application/octet-stream",
}

#: What people call the content that nobody can read from here.
_NAMES = {
    "sticker": "stiker",
    "dice": "dadu",
    "game": "permainan",
    "story": "cerita",
    "paid_media": "media berbayar",
    "invoice": "tagihan",
    "giveaway": "undian",
}


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into the draft."""

    text: str | None
    attachments: tuple[DraftAttachment, ...] = ()
    coordinates: tuple[float, float] | None = None
    landmark: str | None = None


def is_service(fields: Set[str]) -> bool:
    """Whether a message with these fields only tells what happened in the chat."""
    content = fields - DESCRIBING
    return bool(content) and content <= SERVICE and not fields & {"text", "caption"}


def read_content(message: Message, fields: Set[str]) -> Content:
    """The content of a message, of which ``fields`` are set.

    Raises whatever a content of a strange shape leads to: the caller then keeps the words alone.
    """
    venue = message.venue
    location = message.location or (venue.location if venue else None)
    attachments = tuple(_attachments(message))
    words = [message.text, message.caption, *_in_words(message)]
    if not (attachments or location or any(words)):
        words.append(_unsupported(message, fields))
    text = "\n".join(part for part in words if part)
    return Content(
        text=text or None,
        attachments=attachments,
        coordinates=(location.latitude, location.longitude) if location else None,
        landmark=f"{venue.title}, {venue.address}" if venue else None,
    )


def unsupported(kind: str) -> str:
    """What stands in place of a content that cannot be read."""
    return f"[konten jenis {_NAMES.get(kind, kind.replace('_', ' '))}]"


def _unsupported(message: Message, fields: Set[str]) -> str | None:
    """None when there is nothing at all: the normalizer calls that empty."""
    if message.sticker:
        # The emoji of a sticker is what its sender meant.
        return f"{unsupported('sticker')} {message.sticker.emoji or ''}".strip()
    kinds = sorted(fields - DESCRIBING - SERVICE)
    return unsupported(kinds[0]) if kinds else None


def _attachments(message: Message) -> Iterable[DraftAttachment]:
    if message.photo:
        largest = max(message.photo, key=_pixels)
        yield DraftAttachment(
            media_type="image/jpeg", media_id=largest.file_id, size_bytes=largest.file_size
        )
    for name, usual_type in _FILES.items():
        file = getattr(message, name)
        if file is None or (name == "document" and message.animation):
            continue
        yield DraftAttachment(
            media_type=getattr(file, "mime_type", None) or usual_type,
            media_id=file.file_id,
            size_bytes=file.file_size,
            name=getattr(file, "file_name", None),
        )


def _pixels(size: PhotoSize) -> tuple[int, int]:
    return size.width * size.height, size.file_size or 0


def _in_words(message: Message) -> Iterable[str]:
    if message.venue:
        yield f"{message.venue.title}, {message.venue.address}"
    if message.contact:
        yield _contact(message.contact)
    if message.poll:
        yield _poll(message.poll)
    if message.checklist:
        yield _checklist(message.checklist)


def _contact(contact: Contact) -> str:
    # It may be the caller's own, or that of whom the complaint is about. The normalizer puts
    # tokens in place of both; the sealed part has them.
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    return f"Kontak: {name}, {contact.phone_number}"


def _poll(poll: Poll) -> str:
    return "\n".join((poll.question, *(f"- {option.text}" for option in poll.options)))


def _checklist(checklist: Checklist) -> str:
    return "\n".join((checklist.title, *(f"- {task.text}" for task in checklist.tasks)))
