"""What breaks the proof, each by name: with its channel, its day, where it stood, what to do."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from normalizer.event import Channel


class Kind(StrEnum):
    """What was found. Any of them makes the proof fail."""

    #: Numbers that a source gave out and that became no item of ours.
    NUMBER_MISSING = "number_missing"
    #: An item of a provider's list that we do not have.
    ITEM_MISSING = "item_missing"
    #: Fewer items than were counted by hand.
    AMOUNT_SHORT = "amount_short"
    #: More items than were counted by hand.
    AMOUNT_OVER = "amount_over"
    #: The log gave it out, and the ledger does not have it.
    LEDGER_ROW_MISSING = "ledger_row_missing"
    #: The ledger has a history, and the complaint is gone.
    COMPLAINT_MISSING = "complaint_missing"
    #: The ledger has it, and the log lost it before its time.
    LOG_ROW_MISSING = "log_row_missing"
    NO_BEGINNING = "no_beginning"
    HOLE_IN_HISTORY = "hole_in_history"
    STATE_WITHOUT_HISTORY = "state_without_history"
    ENTERED_WITHOUT_NUMBER = "entered_without_number"
    RECEIPT_OWED = "receipt_owed"
    #: Entered, and LAPOR does not have it.
    ONLY_OURS = "only_ours"
    #: LAPOR has one with our reference that the ledger does not call entered.
    ONLY_LAPOR = "only_lapor"
    #: LAPOR has our reference under another tracking id than the ledger.
    TWICE_IN_LAPOR = "twice_in_lapor"
    #: LAPOR's text under the tracking id carries the reference of another complaint.
    OTHER_IN_LAPOR = "other_in_lapor"
    #: LAPOR did not answer: the comparison is not complete.
    LAPOR_UNREAD = "lapor_unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is missing or does not agree. Nothing in it says who complained."""

    kind: Kind
    channel: Channel | None = None
    account: str | None = None
    #: Within which a source's numbers count; a batch.
    scope: str = ""
    day: date | None = None
    #: The numbers, the place in the log, the tracking id: as people write it.
    where: str
    reference: str | None = None
    item_id: UUID | None = None
