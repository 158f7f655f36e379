"""Messenger and Instagram Direct: what a message says, in words and attachments.

Messenger Platform, "Webhook events: messages"; Instagram names more kinds of shared things.
"""

from connectors.meta.fields import Degrees, Flag, Id, Part, Parts, Shape, Text
from connectors.meta.item import Content, is_stored_by_meta, joined, related, unsupported
from normalizer.draft import DraftAttachment
from normalizer.event import Relation

#: What Meta calls files, and what they usually are: it does not tell.
_FILES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
}
_SHARED = {
    "story_mention": "[menyebut kami dalam cerita Instagram]",
    "share": "[membagikan kiriman]",
    "post": "[membagikan kiriman]",
    "ig_post": "[membagikan kiriman]",
    "reel": "[membagikan reel]",
    "ig_reel": "[membagikan reel]",
    "story": "[membagikan cerita]",
    "ig_story": "[membagikan cerita]",
    "location": "[lokasi]",
    "fallback": "[tautan]",
    "template": "[pesan templat]",
}


class _Point(Shape):
    lat: Degrees = None
    long: Degrees = None


class _Element(Shape):
    title: Text = None
    subtitle: Text = None


class _Payload(Shape):
    url: Id = None
    title: Text = None
    sticker_id: Id = None
    coordinates: Part[_Point] = _Point()
    elements: Parts[_Element] = ()


class _Attachment(Shape):
    type: Id = None
    title: Text = None
    url: Id = None
    payload: Part[_Payload] = _Payload()


class _QuickReply(Shape):
    payload: Text = None


class _ReplyTo(Shape):
    mid: Id = None


class Message(Shape):
    """A message, whatever its kind."""

    mid: Id = None
    text: Text = None
    is_echo: Flag = False
    is_deleted: Flag = False
    is_unsupported: Flag = False
    attachments: Parts[_Attachment] = ()
    quick_reply: Part[_QuickReply] = _QuickReply()
    reply_to: Part[_ReplyTo] = _ReplyTo()


def content_of(message: Message) -> Content:
    """Words, files and place of a message; never nothing, since somebody sent it."""
    shown = [_shown(one) for one in message.attachments]
    said = message.text or message.quick_reply.payload
    text = joined(said, *(words for words, _ in shown))
    files = tuple(file for _, file in shown if file is not None)
    if message.is_unsupported or (text is None and not files):
        text = joined(text, unsupported(None))
    points = [
        (point.lat, point.long)
        for point in (one.payload.coordinates for one in message.attachments)
        if point.lat is not None and point.long is not None
    ]
    return Content(
        text=text,
        attachments=files,
        coordinates=points[0] if points else None,
        relates_to=related(message.reply_to.mid, Relation.REPLY_TO),
    )


def _shown(one: _Attachment) -> tuple[str | None, DraftAttachment | None]:
    """An attachment's words, and its file where it is one."""
    payload = one.payload
    if payload.sticker_id:
        return "[stiker]", None
    kind = one.type or ""
    url = payload.url or one.url
    if url and kind in _FILES:
        return None, DraftAttachment(media_type=_FILES[kind], media_id=url)
    label = _SHARED.get(kind) or unsupported(kind)
    # The title of a place is "Sri's location": nobody's name gets into the text.
    title = None if kind == "location" else payload.title or one.title
    elements = [joined(each.title, each.subtitle) for each in payload.elements]
    if url and is_stored_by_meta(url):
        stored = DraftAttachment(media_type="application/octet-stream", media_id=url)
        return joined(label, title, *elements), stored
    return joined(label, title, *elements, url), None
