"""One item of a batch: where it stood, and the way from it to a draft or a rejection."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from connectors.meta.settings import MetaApp
from normalizer.draft import (
    Draft,
    DraftAttachment,
    Rejection,
    RejectionReason,
    Sender,
    SourceRef,
)
from normalizer.event import (
    Awaits,
    Channel,
    Exclusion,
    Relation,
    ReplyPath,
    TimePrecision,
)

JSON = "application/json"

#: Messenger, Instagram and WhatsApp alike: free text only within a day of the last message.
ANSWER_WINDOW = timedelta(hours=24)
#: "Private Replies": one message, within 7 days of the comment.
PRIVATE_REPLY_WINDOW = timedelta(days=7)

#: Where Messenger and Instagram keep what people send. Links elsewhere are text, not attachments.
CDN_HOSTS = ("*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com")

#: Why something that was understood is no item.
Quiet = Literal["delivery_report", "own_message"]
Outcome = Draft | Rejection | Quiet
#: Reads one item, whatever stands in it.
Reader = Callable[["Found"], Outcome]

_KIND = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody sent, whatever it was."""

    text: str | None = None
    attachments: tuple[DraftAttachment, ...] = ()
    coordinates: tuple[float, float] | None = None
    landmark: str | None = None
    relates_to: SourceRef | None = None
    exclusion: Exclusion | None = None
    awaits: Awaits | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One item, and what else of its batch is needed to understand it."""

    app: MetaApp
    channel: Channel
    #: Our page, Instagram account or phone number id.
    account_id: str | None
    item: object = field(repr=False)
    #: Kept beside the item; never another person's.
    context: Mapping[str, Any] = field(repr=False)
    #: The whole request, for what cannot be taken out of it.
    body: bytes = field(repr=False)
    #: When Meta noted it, for items that carry no time of their own.
    noticed_at: datetime | None = None

    @property
    def account(self) -> str:
        """The account of the item."""
        return self.app.account_name(self.channel, self.account_id)

    @property
    def raw(self) -> bytes:
        """This item's own piece of the batch, as JSON."""
        try:
            piece = json.dumps({**self.context, "item": self.item}, ensure_ascii=False)
        except RecursionError:
            # As deep as Python reads: our own braces around it are too much to write.
            return self.body
        return piece.encode("utf-8", "surrogatepass")

    def draft(
        self,
        content: Content,
        *,
        source_id: str | None,
        sender: Sender,
        submitted_at: datetime | None,
        precision: TimePrecision = TimePrecision.SECOND,
        reply_path: ReplyPath | None = None,
    ) -> Draft:
        """The item as a draft."""
        return Draft(
            channel=self.channel,
            account=self.account,
            raw=self.raw,
            raw_media_type=JSON,
            source_id=source_id,
            text_raw=content.text,
            decoding="json" if content.text is not None else None,
            sender=sender,
            submitted_at=submitted_at,
            submitted_precision=precision if submitted_at else TimePrecision.UNKNOWN,
            attachments=content.attachments,
            coordinates=content.coordinates,
            landmark=content.landmark,
            relates_to=content.relates_to,
            exclusion=content.exclusion,
            awaits=content.awaits,
            reply_path=reply_path,
        )

    def rejection(
        self,
        reason: RejectionReason = RejectionReason.UNREADABLE,
        source_id: str | None = None,
    ) -> Rejection:
        """The item kept aside, for a person to look at."""
        return Rejection(
            channel=self.channel,
            account=self.account,
            reason=reason,
            raw=self.raw,
            raw_media_type=JSON,
            source_id=source_id,
        )


def related(source_id: str | None, relation: Relation) -> SourceRef | None:
    """The reference to an earlier item; None when Meta does not name it."""
    return SourceRef(source_id=source_id, relation=relation) if source_id else None


def unsupported(kind: str | None) -> str:
    """The text of an item that cannot be shown: somebody sent something, so it is not nothing."""
    name = _KIND.sub("_", (kind or "").lower()).strip("_")[:40]
    return f"[konten jenis {name or 'lain'} tidak didukung]"


def joined(*parts: str | None) -> str | None:
    """The parts that are there, a line each."""
    return "\n".join(part for part in parts if part) or None


def is_stored_by_meta(url: str) -> bool:
    """Whether an address is that of a file which somebody sent."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    return any(host.endswith(pattern[1:]) for pattern in CDN_HOSTS)


def window(since: datetime | None, length: timedelta) -> datetime | None:
    """When Meta stops taking an answer; None when the item has no time, or an impossible one."""
    try:
        return since + length if since else None
    except OverflowError:
        return None
