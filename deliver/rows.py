"""What the ledger gives back: rows as frozen values."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import RowMapping

from deliver.states import State, Who
from gateway.log import Position
from normalizer.event import Channel, ComplaintEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """A complaint as it stands. ``version`` is what a change must name to be taken."""

    complaint_id: UUID
    reference: str
    channel: Channel
    account: str
    #: Rows of one lane are entered one after the other, in the order of the log.
    lane: str
    received_at: datetime
    day: date
    state: State
    state_at: datetime
    version: int
    tracking_id: str | None
    mode: str | None
    linked_to: UUID | None
    linked_tracking_id: str | None
    attempts: int
    next_try_at: datetime | None
    hold_until: datetime | None
    claimed_by: str | None
    claim_until: datetime | None
    content_hash: str
    event_json: str = field(repr=False)
    position: Position
    receipt_published_at: datetime | None

    def event(self) -> ComplaintEvent:
        """The event as it was taken from the log."""
        return ComplaintEvent.from_bytes(self.event_json.encode())


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of a complaint's history. ``before == after``: a note that moved nothing."""

    seq: int
    at: datetime
    before: State | None
    after: State
    who: Who
    actor: str
    reason: str
    note: str | None


class Recorded(StrEnum):
    """What became of an event from the log."""

    NEW = "new"
    #: The same event again, as every log may deliver it.
    REPEAT = "repeat"
    #: The same id with other content: noted, never merged, never entered.
    CONFLICT = "conflict"


class Changes(TypedDict, total=False):
    """The columns that a move may set beside the state."""

    tracking_id: str
    mode: str
    linked_to: UUID | None
    linked_tracking_id: str | None
    attempts: int
    next_try_at: datetime | None
    hold_until: datetime | None
    claimed_by: str | None
    claim_until: datetime | None


def row_of(values: RowMapping) -> LedgerRow:
    """A row of the complaint table."""
    plain: dict[str, Any] = dict(values)
    position = Position(plain.pop("log_topic"), plain.pop("log_partition"), plain.pop("log_offset"))
    linked_to = plain.pop("linked_to")
    return LedgerRow(
        complaint_id=UUID(plain.pop("complaint_id")),
        channel=Channel(plain.pop("channel")),
        state=State(plain.pop("state")),
        linked_to=UUID(linked_to) if linked_to else None,
        event_json=plain.pop("event"),
        position=position,
        **plain,
    )


def history_of(values: RowMapping) -> HistoryRow:
    """A row of the transition table."""
    return HistoryRow(
        seq=values["seq"],
        at=values["at"],
        before=State(values["from_state"]) if values["from_state"] else None,
        after=State(values["to_state"]),
        who=Who(values["who"]),
        actor=values["actor"],
        reason=values["reason"],
        note=values["note"],
    )


def lane_of(event: ComplaintEvent) -> str:
    """What keeps one reporter in order; the same as the key of the log record."""
    return event.reporter.key or str(event.complaint_id)


def content_hash(event: ComplaintEvent) -> str:
    """A hash over what the reporter said, not over when it arrived or what we read into it.

    A provider's second delivery has other times of arrival and another ciphertext, and a newer
    gazetteer finds other places in the same words: none of that makes another complaint.
    """
    said = {
        "title": event.title,
        "text": event.text,
        "submitted_at": event.submitted_at.isoformat() if event.submitted_at else None,
        "reporter": [event.reporter.key, event.reporter.status],
        "hide": [event.hide_identity, event.hide_content],
        "landmark": event.place.landmark,
        "attachments": [[item.media_type, item.media_id] for item in event.attachments],
        "relates_to": [str(event.relates_to), event.relation],
        "origin": event.origin.tracking_id,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
