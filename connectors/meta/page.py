"""Facebook pages: the changes of ``feed``, ``mention`` and ``ratings``.

Graph API, "Webhooks: Page". What people write below our posts, on our page and about us is read as
a complaint, and answered, where Meta lets us, by a private message and never in public.
"""

import hashlib
from dataclasses import replace
from datetime import datetime

from pydantic import Field

from connectors.meta.fields import Id, Moment, Part, Shape, Text, Texts, as_mapping
from connectors.meta.item import (
    PRIVATE_REPLY_WINDOW,
    Content,
    Found,
    Outcome,
    is_stored_by_meta,
    joined,
    related,
    window,
)
from normalizer.draft import DraftAttachment, RejectionReason, Sender, SenderKind
from normalizer.event import Relation, ReplyPath

FIELDS = ("feed", "mention", "ratings")

_EDITED = ("edit", "edited", "update")
_REMOVED = ("remove", "delete")
#: What the page's own people do with it, and what the number of followers does.
_QUIET_VERBS = ("hide", "unhide", "block", "unblock", "follow", "mute", "unmute")
#: Thumbs and shares below our own posts come in thousands; alone they say nothing to us.
_WORDLESS = ("reaction", "like", "share", "follow")


class _Who(Shape):
    id: Id = None
    name: Text = None


class _Change(Shape):
    item: Id = None
    verb: Id = None
    writer: Part[_Who] = Field(default=_Who(), alias="from")
    sender_id: Id = None
    sender_name: Text = None
    reviewer_id: Id = None
    reviewer_name: Text = None
    message: Text = None
    review_text: Text = None
    recommendation_type: Id = None
    reaction_type: Id = None
    comment_id: Id = None
    post_id: Id = None
    parent_id: Id = None
    open_graph_story_id: Id = None
    created_time: Moment = None
    photo: Id = None
    photos: Texts = ()
    video: Id = None
    link: Id = None

    @property
    def subject(self) -> str | None:
        """The id of what was written."""
        return self.comment_id or self.post_id or self.open_graph_story_id

    @property
    def writer_id(self) -> str | None:
        """Who wrote it; not told to apps without the permission."""
        return self.writer.id or self.sender_id or self.reviewer_id


def read_page_change(found: Found, field: str) -> Outcome:
    """One change of one of ``FIELDS``."""
    change = _Change.model_validate(as_mapping(found.item))
    if change.writer_id is not None and change.writer_id == found.account_id:
        return "own_message"
    if change.item in ("reaction", "like"):
        return _reaction(found, change)
    if change.verb in _QUIET_VERBS:
        return "delivery_report"
    if change.verb in _REMOVED:
        return _removal(found, change)
    content = _content(change, mention=field == "mention")
    if content.text is None and not content.attachments:
        if change.item in _WORDLESS:
            return "delivery_report"
        return found.rejection(RejectionReason.NOT_A_COMPLAINT, change.subject)
    if change.verb in _EDITED and change.subject:
        return _edit(found, change, content)
    path = None if field == "mention" else _private_path(found, change)
    return _draft(found, change, content, change.subject, path)


def _edit(found: Found, change: _Change, content: Content) -> Outcome:
    # An edit has no id and no time of its own; what it says, and when Meta said so, tell it apart.
    digest = hashlib.sha256((content.text or "").encode()).hexdigest()[:16]
    stamp = int(found.noticed_at.timestamp()) if found.noticed_at else 0
    edited = replace(content, relates_to=related(change.subject, Relation.EDIT))
    source_id = f"{change.subject}:edit:{stamp}:{digest}"
    path = _private_path(found, change)
    return _draft(found, change, edited, source_id, path, when=found.noticed_at)


def _removal(found: Found, change: _Change) -> Outcome:
    target = related(change.subject, Relation.DELETION)
    if target is None:
        return found.rejection(RejectionReason.NOT_A_COMPLAINT)
    gone = Content(text="[dihapus dari halaman]", relates_to=target)
    return _draft(found, change, gone, f"{change.subject}:deleted", when=found.noticed_at)


def _reaction(found: Found, change: _Change) -> Outcome:
    target = related(change.comment_id, Relation.REACTION)
    if target is None:
        return "delivery_report"
    taken_back = change.verb in _REMOVED
    text = "[reaksi dihapus]" if taken_back else f"[reaksi {change.reaction_type or 'like'}]"
    stamp = int(found.noticed_at.timestamp()) if found.noticed_at else 0
    # Many people react to one comment: here the id needs to say whose it is.
    source_id = f"{change.comment_id}:reaction:{change.writer_id or ''}:{stamp}:{change.verb or ''}"
    content = Content(text=text, relates_to=target)
    return _draft(found, change, content, source_id, when=found.noticed_at)


def _content(change: _Change, *, mention: bool) -> Content:
    files = [
        DraftAttachment(media_type=kind, media_id=url)
        for kind, url in _addresses(change)
        if is_stored_by_meta(url)
    ]
    outside = change.link if change.link and not is_stored_by_meta(change.link) else None
    text = joined(change.message, change.review_text, outside)
    if mention and change.message is None and change.subject:
        # The webhook names only where we are mentioned; the words are fetched like a file.
        text = "[menyebut kami di Facebook; isinya ada di lampiran]"
        files = [DraftAttachment(media_type="text/plain", media_id=f"object:{change.subject}")]
    answered = change.parent_id if change.comment_id else None
    if answered in (change.post_id, change.comment_id):
        answered = None
    return Content(
        text=text, attachments=tuple(files), relates_to=related(answered, Relation.REPLY_TO)
    )


def _addresses(change: _Change) -> list[tuple[str, str]]:
    pictures = [change.photo, *change.photos]
    if change.item != "video":
        pictures.append(change.link)
    films = [change.video, change.link if change.item == "video" else None]
    found = [("image/jpeg", url) for url in pictures if url]
    found += [("video/mp4", url) for url in films if url]
    return list(dict.fromkeys(found))


def _private_path(found: Found, change: _Change) -> ReplyPath | None:
    """A private reply: one message to whoever wrote a comment, or a post on our page."""
    if change.item == "rating":
        return None
    kind, subject = (
        ("comment", change.comment_id) if change.comment_id else ("post", change.post_id)
    )
    if subject is None:
        return None
    return ReplyPath(
        address=f"{kind}:{subject}",
        thread=subject,
        via=found.account_id,
        expires_at=window(change.created_time or found.noticed_at, PRIVATE_REPLY_WINDOW),
    )


def _draft(
    found: Found,
    change: _Change,
    content: Content,
    source_id: str | None,
    path: ReplyPath | None = None,
    when: datetime | None = None,
) -> Outcome:
    """``when``: of what Meta tells later about something whose own time it repeats."""
    name = change.writer.name or change.sender_name or change.reviewer_name
    writer = change.writer_id
    return found.draft(
        content,
        source_id=source_id,
        sender=Sender(
            kind=SenderKind.HANDLE if writer else SenderKind.NONE, address=writer, name=name
        ),
        submitted_at=when or change.created_time or found.noticed_at,
        reply_path=path,
    )
