"""What a source says it has given out, as it stands on the log beside the complaints.

It is asked of the source, never worked out from what we kept: the proof compares both.
"""

from typing import Annotated, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from normalizer.event import Channel

#: Of the ids of counts: the same count told twice has the same id.
_NAMESPACE = UUID("7f7d6a8e-2f0b-5c56-9d7e-1a6b3d0f4c21")

#: First and last number, both included.
Range = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class SourceCount(BaseModel):
    """What ``complaints.counted.v1`` holds. It says nothing of who or what.

    Exactly one of ``numbers``, ``items`` and ``amount`` is set: the numbers that the source gave
    (update ids, UIDs), the ids that its items have with us (a provider's list), or only how many
    (slips counted at the opening of a box; then ``scope`` is the batch).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    account: str
    #: Within which it counts: a UIDVALIDITY, a batch, empty.
    scope: str = ""
    counted_at: AwareDatetime
    numbers: tuple[Range, ...] | None = None
    #: Of ``numbers``, those that are no item: why is a word of a closed list.
    ignored: tuple[tuple[Range, str], ...] = ()
    items: tuple[UUID, ...] | None = None
    amount: Annotated[int, Field(ge=0)] | None = None
    #: The clerk who counted, as in the event; None when a program asked.
    counted_by: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(part is not None for part in (self.numbers, self.items, self.amount)) != 1:
            raise ValueError("exactly one of numbers, items, amount")
        return self

    @property
    def count_id(self) -> UUID:
        """The same for the same count, however often it is told."""
        return uuid5(_NAMESPACE, self.model_dump_json())

    def to_bytes(self) -> bytes:
        """The JSON value of the log record."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """Read a record of this or a later v1 version.

        Raises:
            pydantic.ValidationError: it is none.
        """
        return cls.model_validate_json(value, extra="ignore")
