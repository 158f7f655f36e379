"""Messenger and Instagram Direct: the items of ``messaging`` and ``standby``.

Messenger Platform, "Webhook events": one object for each message, edit, reaction, tap or receipt.
"""

from connectors.meta.fields import (
    Id,
    Moment,
    Part,
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
    related,
    unsupported,
    window,
)
from connectors.meta.messaging_content import Message, content_of
from normalizer.draft import RejectionReason, Sender, SenderKind
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
#: The button that opens a conversation; what it is called is ours to choose, these are usual.
_STARTS = ("getstarted", "getstartedpayload", "start", "mulai", "mulaichat", "mulaipercakapan")


class _Party(Shape):
    id: Id = None


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
    message: Part[Message] = Message()
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
    content = content_of(message)
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


def _letters(text: str | None) -> str:
    return "".join(char for char in (text or "").lower() if char.isalpha())


def account_of(value: object) -> str | None:
    """Which of our accounts an item was sent to, where the batch does not say."""
    return as_id(as_mapping(as_mapping(value).get("recipient")).get("id"))
