"""Instagram: the changes of ``comments``, ``live_comments`` and ``mentions``.

Instagram Platform, "Webhooks". They carry no time of their own; Meta's notice of them stands in.
"""

from pydantic import Field

from connectors.meta.fields import Id, Part, Shape, Text, as_mapping
from connectors.meta.item import (
    PRIVATE_REPLY_WINDOW,
    Content,
    Found,
    Outcome,
    related,
    unsupported,
    window,
)
from normalizer.draft import DraftAttachment, RejectionReason, Sender, SenderKind
from normalizer.event import Relation, ReplyPath, TimePrecision

FIELDS = ("comments", "live_comments", "mentions")


class _Who(Shape):
    id: Id = None
    username: Text = None


class _Comment(Shape):
    id: Id = None
    text: Text = None
    parent_id: Id = None
    writer: Part[_Who] = Field(default=_Who(), alias="from")


class _Mention(Shape):
    media_id: Id = None
    comment_id: Id = None


def read_instagram_change(found: Found, field: str) -> Outcome:
    """One change of one of ``FIELDS``."""
    if field == "mentions":
        return _mention(found, _Mention.model_validate(as_mapping(found.item)))
    comment = _Comment.model_validate(as_mapping(found.item))
    if comment.writer.id is not None and comment.writer.id == found.account_id:
        return "own_message"
    if comment.id is None and comment.text is None:
        return found.rejection()
    # Below a live video a private reply is only taken as long as it runs, which nobody tells us.
    path = _private_path(found, comment.id) if field == "comments" else None
    content = Content(
        text=comment.text or unsupported("comment"),
        relates_to=related(comment.parent_id, Relation.REPLY_TO),
    )
    writer = comment.writer
    sender = Sender(
        kind=SenderKind.HANDLE if writer.id else SenderKind.NONE,
        address=writer.id,
        name=writer.username,
    )
    return found.draft(
        content,
        source_id=comment.id,
        sender=sender,
        submitted_at=found.noticed_at,
        precision=TimePrecision.MINUTE,
        reply_path=path,
    )


def _mention(found: Found, mention: _Mention) -> Outcome:
    """Somebody names us elsewhere. The webhook holds ids alone; the words are fetched like a file.

    Neither who it was nor a private way back is told.
    """
    if mention.comment_id is not None:
        media_id = f"mentioned_comment:{mention.comment_id}"
    elif mention.media_id is not None:
        media_id = f"mentioned_media:{mention.media_id}"
    else:
        return found.rejection(RejectionReason.UNREADABLE)
    content = Content(
        text="[menyebut kami di Instagram; isinya ada di lampiran]",
        attachments=(DraftAttachment(media_type="text/plain", media_id=media_id),),
    )
    return found.draft(
        content,
        source_id=mention.comment_id or mention.media_id,
        sender=Sender(),
        submitted_at=found.noticed_at,
        precision=TimePrecision.MINUTE,
    )


def _private_path(found: Found, comment_id: str | None) -> ReplyPath | None:
    if comment_id is None:
        return None
    return ReplyPath(
        address=f"comment:{comment_id}",
        thread=comment_id,
        via=found.account_id,
        expires_at=window(found.noticed_at, PRIVATE_REPLY_WINDOW),
    )
