"""Attachments in the ledger, on SQLite and on a real PostgreSQL."""

from datetime import timedelta
from uuid import UUID

import pytest

from deliver.attachments import AttachmentState
from deliver.ledger import Ledger
from deliver.states import State
from normalizer.event import Attachment, ComplaintEvent, Relation, Withheld
from normalizer.outcome import MediaOutcome, MediaState
from tests.deliver.making import NOON, at, make_event
from tests.deliver.running import WORKER

LATER = NOON + timedelta(minutes=2)
PHOTO = Attachment(media_type="image/jpeg", media_id="file-1")
STORED = PHOTO.model_copy(update={"sha256": "a" * 64, "copy_sha256": "b" * 64, "size_bytes": 7})


def outcome(
    complaint_id: UUID, state: MediaState = MediaState.STORED, item: Attachment = STORED
) -> MediaOutcome:
    return MediaOutcome(
        complaint_id=complaint_id,
        media_id=item.media_id or "",
        state=state,
        attachment=item,
        at=LATER,
    )


def entered(ledger: Ledger, event: ComplaintEvent, offset: int, tracking_id: str) -> None:
    row, _ = ledger.record(event, at(offset), NOON, WORKER)
    claimed = ledger.claim(row, WORKER, NOON, LATER, "v3")
    assert claimed is not None
    ledger.move(claimed, State.ENTERED, WORKER, "entered", NOON, tracking_id=tracking_id)


def states(ledger: Ledger, event: ComplaintEvent) -> list[AttachmentState]:
    return [row.state for row in ledger.attachments.of(event.complaint_id)]


def test_what_an_event_brings(any_ledger: Ledger) -> None:
    withheld = Attachment(
        media_type="application/zip",
        media_id="part:3",
        sha256="c" * 64,
        withheld=Withheld.ACTIVE_CONTENT,
    )
    stored = STORED.model_copy(update={"media_id": "part:2"})
    event = make_event(attachments=(PHOTO, stored, withheld, PHOTO))
    any_ledger.record(event, at(0), NOON, WORKER)
    any_ledger.record(event, at(1), NOON, WORKER)
    rows = any_ledger.attachments.of(event.complaint_id)
    assert [(row.position, row.state, row.reason) for row in rows] == [
        (1, AttachmentState.WAITING, None),
        (2, AttachmentState.STORED, None),
        (3, AttachmentState.WITHHELD, "active_content"),
    ]


@pytest.mark.parametrize("quicker", [True, False])
def test_an_outcome_may_come_before_its_complaint(any_ledger: Ledger, quicker: bool) -> None:
    event = make_event(attachments=(PHOTO,))
    if quicker:
        any_ledger.attachments.apply(outcome(event.complaint_id))
    any_ledger.record(event, at(0), NOON, WORKER)
    if not quicker:
        any_ledger.attachments.apply(outcome(event.complaint_id))
    any_ledger.attachments.apply(outcome(event.complaint_id))
    (row,) = any_ledger.attachments.of(event.complaint_id)
    assert (row.state, row.copy_sha256, row.size_bytes) == (AttachmentState.STORED, "b" * 64, 7)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (MediaState.EXPIRED, AttachmentState.EXPIRED),
        (MediaState.REFUSED, AttachmentState.REFUSED),
        (MediaState.FAILED, AttachmentState.FAILED),
    ],
)
def test_what_could_not_be_fetched_is_told(
    any_ledger: Ledger, told: MediaState, kept: AttachmentState
) -> None:
    event = make_event(attachments=(PHOTO,))
    any_ledger.record(event, at(0), NOON, WORKER)
    any_ledger.attachments.apply(outcome(event.complaint_id, told, PHOTO))
    assert states(any_ledger, event) == [kept]
    assert any_ledger.attachments.due(LATER, 10) == []


def test_files_wait_for_the_entry_and_go_once(any_ledger: Ledger) -> None:
    event = make_event(attachments=(STORED, STORED.model_copy(update={"media_id": "two"})))
    files = any_ledger.attachments
    any_ledger.record(event, at(0), NOON, WORKER)
    assert files.due(LATER, 10) == []
    entered(any_ledger, event, 0, "9165816")
    (parcel,) = files.due(LATER, 10)
    assert (parcel.tracking_id, len(parcel.rows)) == ("9165816", 2)
    assert files.due(LATER, 10, without=[event.complaint_id]) == []
    assert files.claim(parcel, LATER, LATER + timedelta(minutes=1))
    assert not files.claim(parcel, LATER, LATER + timedelta(minutes=1))
    files.apply(outcome(event.complaint_id))
    assert states(any_ledger, event) == [AttachmentState.SENDING] * 2
    files.settle(parcel, AttachmentState.DELIVERED, None, LATER)
    assert states(any_ledger, event) == [AttachmentState.DELIVERED] * 2
    assert files.due(LATER, 10) == []


def test_a_pause_is_kept(any_ledger: Ledger) -> None:
    event = make_event(attachments=(STORED,))
    entered(any_ledger, event, 0, "1")
    (parcel,) = any_ledger.attachments.due(NOON, 10)
    assert any_ledger.attachments.claim(parcel, NOON, LATER)
    any_ledger.attachments.settle(parcel, AttachmentState.STORED, "busy", NOON, next_try_at=LATER)
    assert any_ledger.attachments.due(NOON, 10) == []
    (again,) = any_ledger.attachments.due(LATER, 10)
    assert again.rows[0].attempts == 1


def test_a_lost_claim_is_uncertain_and_an_operator_may_send_again(any_ledger: Ledger) -> None:
    event = make_event(attachments=(STORED,))
    entered(any_ledger, event, 0, "1")
    (parcel,) = any_ledger.attachments.due(NOON, 10)
    any_ledger.attachments.claim(parcel, NOON, LATER)
    assert any_ledger.attachments.give_up_claims(NOON) == 0
    assert any_ledger.attachments.give_up_claims(LATER) == 1
    assert states(any_ledger, event) == [AttachmentState.UNKNOWN]
    assert any_ledger.attachments.due(LATER, 10) == []
    assert any_ledger.attachments.send_again(event.complaint_id, LATER) == 1
    assert len(any_ledger.attachments.due(LATER, 10)) == 1


@pytest.mark.parametrize(
    ("relation", "goes"),
    [(Relation.SUPPLEMENT, True), (Relation.EDIT, True), (Relation.REACTION, False)],
)
def test_a_later_photo_goes_with_its_complaint(
    any_ledger: Ledger, relation: Relation, goes: bool
) -> None:
    first = make_event()
    entered(any_ledger, first, 0, "9165816")
    later = make_event(attachments=(STORED,), relates_to=first.complaint_id, relation=relation)
    row, _ = any_ledger.record(later, at(1), NOON, WORKER)
    any_ledger.move(row, State.LINKED, WORKER, "supplement", NOON, linked_to=first.complaint_id)
    parcels = any_ledger.attachments.due(LATER, 10)
    assert [parcel.tracking_id for parcel in parcels] == (["9165816"] if goes else [])


def test_an_edited_caption_does_not_send_the_picture_again(any_ledger: Ledger) -> None:
    first = make_event(attachments=(STORED,))
    entered(any_ledger, first, 0, "9165816")
    edit = make_event(attachments=(STORED,), relates_to=first.complaint_id, relation=Relation.EDIT)
    row, _ = any_ledger.record(edit, at(1), NOON, WORKER)
    any_ledger.move(row, State.LINKED, WORKER, "edit", NOON, linked_to=first.complaint_id)
    (parcel,) = any_ledger.attachments.due(LATER, 10)
    assert parcel.complaint_id == first.complaint_id
