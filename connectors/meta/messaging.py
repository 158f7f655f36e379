"""Messenger and Instagram Direct: the items of ``messaging`` and ``standby``.

Messenger Platform, "Webhook events": one object for each message, edit, reaction, tap or receipt.
"""

from connectors.meta.fields import (
    Degrees,
    Flag,
    Id,
    Moment,
    Part,
    Parts,
    Shape,
    Text,
    as_id,
    as_mapping,
)
from connectors.meta.item import (
    ANSWER_WINDOW,
    Content,
    Found,
    Outcome,
    is_stored_by_meta,
    joined,
    related,
    unsupported,
    window,
)
from normalizer.draft import DraftAttachment, RejectionReason, Sender, SenderKind
from normalizer.event import Exclusion, Relation, ReplyPath

#: What a person did.
_WORDS = ("message", "postback", "message_edit", "reaction")
#: Receipts, and words of Meta or of other apps about a thread: nobody wrote them to us.
_QUIET = (
    "read",
    "delivery",
    "optin",
    "referral",
    "account_linking",
    "app_roles",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "response_feedback",
)
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
#: The button that opens a conversation; what it is called is ours to choose, these are usual.
_STARTS = ("getstarted", "getstartedpayload", "start", "mulai", "mulaichat", "mulaipercakapan")


class _Party(Shape):
    id: Id = None


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


class _Message(Shape):
    mid: Id = None
    text: Text = None
    is_echo: Flag = False
    is_deleted: Flag = False
    is_unsupported: Flag = False
    attachments: Parts[_Attachment] = ()
    quick_reply: Part[_QuickReply] = _QuickReply()
    reply_to: Part[_ReplyTo] = _ReplyTo()


class _Postback(Shape):
    mid: Id = None
    title: Text = None
    payload: Text = None


class _Reaction(Shape):
    mid: Id = None
    action: Id = None
    emoji: Text = None
    reaction: Text = None


class _Edit(Shape):
    mid: Id = None
    text: Text = None
    num_edit: Id = None


class _Item(Shape):
    sender: Part[_Party] = _Party()
    timestamp: Moment = None
    message: Part[_Message] = _Message()
    postback: Part[_Postback] = _Postback()
    reaction: Part[_Reaction] = _Reaction()
    message_edit: Part[_Edit] = _Edit()


def read_messaging(found: Found, *, standby: bool = False) -> Outcome:
    """One item. ``standby``: another app leads the conversation, so we read and do not answer."""
    fields = as_mapping(found.item)
    item = _Item.model_validate(fields)
    if item.message.is_echo or (item.sender.id and item.sender.id == found.account_id):
        return "own_message"
    if as_mapping(fields.get("message")):
        return _message(found, item, answerable=not standby)
    if as_mapping(fields.get("postback")):
        return _postback(found, item, answerable=not standby)
    if as_mapping(fields.get("message_edit")):
        return _edit(found, item, answerable=not standby)
    if as_mapping(fields.get("reaction")):
        return _reaction(found, item)
    if not fields or any(name in fields for name in _WORDS):
        return found.rejection()
    if any(name in fields for name in _QUIET):
        return "delivery_report"
    return found.rejection(RejectionReason.NOT_A_COMPLAINT)


def is_messaging(value: object) -> bool:
    """Whether a change holds such an item: Instagram Login and dashboard tests send them so."""
    fields = as_mapping(value)
    return "sender" in fields and any(name in fields for name in (*_WORDS, *_QUIET))


def _message(found: Found, item: _Item, *, answerable: bool) -> Outcome:
    message = item.message
    if message.is_deleted:
        target = related(message.mid, Relation.DELETION)
        if target is None:
            return found.rejection(RejectionReason.NOT_A_COMPLAINT)
        gone = Content(text="[pesan dihapus]", relates_to=target)
        return _draft(found, item, gone, f"{message.mid}:deleted")
    content = _content(message)
    path = _way_back(found, item, message.mid) if answerable else None
    return _draft(found, item, content, message.mid, path)


def _postback(found: Found, item: _Item, *, answerable: bool) -> Outcome:
    postback = item.postback
    said = {_letters(postback.title), _letters(postback.payload)}
    content = Content(
        text=postback.title or postback.payload or unsupported("postback"),
        exclusion=Exclusion.COMMAND if said & {*_STARTS} else None,
    )
    path = _way_back(found, item, postback.mid) if answerable else None
    # Without an id of its own, sender, time and words tell a repeat.
    return _draft(found, item, content, postback.mid, path)


def _edit(found: Found, item: _Item, *, answerable: bool) -> Outcome:
    edit = item.message_edit
    if edit.text is None and edit.num_edit in (None, "0"):
        # Instagram announces every new message like this, beside the message itself.
        return "delivery_report"
    content = Content(
        text=edit.text or unsupported("edit"), relates_to=related(edit.mid, Relation.EDIT)
    )
    source_id = f"{edit.mid}:edit:{edit.num_edit or _stamp(found)}" if edit.mid else None
    path = _way_back(found, item, edit.mid) if answerable else None
    return _draft(found, item, content, source_id, path)


def _reaction(found: Found, item: _Item) -> Outcome:
    reaction = item.reaction
    target = related(reaction.mid, Relation.REACTION)
    if target is None:
        return found.rejection(RejectionReason.NOT_A_COMPLAINT)
    taken_back = reaction.action == "unreact"
    text = "[reaksi dihapus]" if taken_back else reaction.emoji or reaction.reaction
    content = Content(text=text or "[reaksi]", relates_to=target)
    source_id = f"{reaction.mid}:reaction:{_stamp(found)}:{reaction.action or ''}"
    return _draft(found, item, content, source_id)


def _stamp(found: Found) -> str:
    """The item's time as it was sent: tells apart what has no id of its own."""
    return as_id(as_mapping(found.item).get("timestamp")) or ""


def _draft(
    found: Found,
    item: _Item,
    content: Content,
    source_id: str | None,
    path: ReplyPath | None = None,
) -> Outcome:
    writer = item.sender.id
    return found.draft(
        content,
        source_id=source_id,
        sender=Sender(kind=SenderKind.HANDLE, address=writer) if writer else Sender(),
        submitted_at=item.timestamp,
        reply_path=path,
    )


def _way_back(found: Found, item: _Item, mid: str | None) -> ReplyPath | None:
    if not item.sender.id:
        return None
    return ReplyPath(
        address=item.sender.id,
        thread=mid,
        via=found.account_id,
        expires_at=window(item.timestamp, ANSWER_WINDOW),
    )


def _content(message: _Message) -> Content:
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
    title = payload.title or one.title
    elements = [joined(each.title, each.subtitle) for each in payload.elements]
    if url and is_stored_by_meta(url):
        stored = DraftAttachment(media_type="application/octet-stream", media_id=url)
        return joined(label, title, *elements), stored
    return joined(label, title, *elements, url), None


def _letters(text: str | None) -> str:
    return "".join(char for char in (text or "").lower() if char.isalpha())


def account_of(value: object) -> str | None:
    """Which of our accounts an item was sent to, where the batch does not say."""
    return as_id(as_mapping(as_mapping(value).get("recipient")).get("id"))
