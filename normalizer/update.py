"""What LAPOR says about a complaint that it has, as it stands on ``complaints.updated.v1``."""

import json
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_NAMESPACE = UUID("4b1b8f0e-7c43-5a0f-8a3c-52f1c0c0a9d7")


class UpdateKind(StrEnum):
    """What happened."""

    #: Its status changed.
    STATUS = "status"
    #: An agency wrote something: an answer, a question back.
    FOLLOW_UP = "follow_up"


class ComplaintUpdate(BaseModel):
    """One status or one follow-up of one complaint, each told once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    complaint_id: UUID
    reference: str
    tracking_id: str
    kind: UpdateKind
    #: LAPOR's own id of the follow-up; of a status its code and time.
    update_id: Annotated[str, Field(min_length=1)]
    at: AwareDatetime
    #: In LAPOR's words ("Dalam Proses").
    status: str | None = None
    #: Who wrote it: the agency's name, never a person's.
    agency: str | None = None
    #: With found personal data replaced by tokens, as in the event.
    text: str | None = None

    @property
    def event_id(self) -> UUID:
        """The same for the same update."""
        return uuid5(_NAMESPACE, json.dumps((str(self.complaint_id), self.kind, self.update_id)))

    def to_bytes(self) -> bytes:
        """The JSON value of the log record."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """Read a record of this or a later v1 version. Raises pydantic.ValidationError."""
        return cls.model_validate_json(value, extra="ignore")
