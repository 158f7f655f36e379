"""What became of answers and attachments, as it stands on the log beside the complaints."""

import json
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from normalizer.event import Attachment, Channel

#: Of the ids of outcomes: the same outcome told twice has the same id.
_NAMESPACE = UUID("c1d4f6de-3f5e-5d0c-8a55-0f3e1f6d2b90")


class ReplyKind(StrEnum):
    """Which answer it was."""

    #: Our number, and what happens next.
    RECEIVED = "received"
    #: LAPOR's number.
    ENTERED = "entered"
    #: A question back; reserved.
    QUESTION = "question"
    #: The answer to a word to the gateway itself, such as ``/status``.
    COMMAND = "command"


class ReplyState(StrEnum):
    """How it ended."""

    SENT = "sent"
    #: The platform refused it, or it could not be sent for too long.
    FAILED = "failed"
    #: Not sent, on purpose.
    SUPPRESSED = "suppressed"
    #: Handed over, and no answer came.
    UNKNOWN = "unknown"


class MediaState(StrEnum):
    """How the fetching of an attachment ended."""

    STORED = "stored"
    #: The platform has it no longer.
    EXPIRED = "expired"
    #: Too large, or at an address that we do not call.
    REFUSED = "refused"
    #: Tried for too long.
    FAILED = "failed"


class _Outcome(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_bytes(self) -> bytes:
        """The JSON value of the log record."""
        return self.model_dump_json(exclude_none=True).encode()


class ReplyOutcome(_Outcome):
    """What ``complaints.replied.v1`` holds. It says nothing of who was answered or how."""

    complaint_id: UUID
    reference: str
    channel: Channel
    account: str
    kind: ReplyKind
    state: ReplyState
    #: Why it is not ``sent``: ``daily_cap``, ``expired``, ``blocked``, ``gave_up``, ...
    reason: str | None = None
    #: 1 for the first; an operator's *send again* counts on.
    round: Annotated[int, Field(ge=1)] = 1
    at: AwareDatetime

    @property
    def outcome_id(self) -> UUID:
        """The same for the same outcome."""
        parts = (str(self.complaint_id), self.kind, self.round, self.state)
        return uuid5(_NAMESPACE, json.dumps(parts))

    @classmethod
    def from_bytes(cls, data: bytes) -> "ReplyOutcome":
        """Read a record's value. Raises pydantic.ValidationError if it is none."""
        return cls.model_validate_json(data, extra="ignore")


class MediaOutcome(_Outcome):
    """What ``complaints.media.v1`` holds: one attachment of one complaint."""

    complaint_id: UUID
    #: Of the event; names the attachment.
    media_id: str
    state: MediaState
    reason: str | None = None
    #: The attachment as it is now known: real type, size and hashes.
    attachment: Attachment
    at: AwareDatetime

    @property
    def outcome_id(self) -> UUID:
        """The same for the same outcome."""
        return uuid5(_NAMESPACE, json.dumps((str(self.complaint_id), self.media_id, self.state)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "MediaOutcome":
        """Read a record's value. Raises pydantic.ValidationError if it is none."""
        return cls.model_validate_json(data, extra="ignore")
