"""Records as CloudEvents 1.0 in Kafka binary mode, with nobody's data in headers or key."""

from datetime import UTC, datetime
from uuid import uuid4

from gateway.cloudevents import accepted_record, attributes_of, traceparent_of
from gateway.log import Position, StoredRecord
from gateway.tracing import child_of, new_traceparent
from normalizer.event import (
    Channel,
    Classification,
    Classified,
    ComplaintEvent,
    IdBasis,
    Language,
    Place,
    PlacePrecision,
    Reporter,
    ReporterStatus,
)

NOW = datetime(2026, 3, 9, 1, 2, 3, tzinfo=UTC)


def event(key: str | None = "k3y") -> ComplaintEvent:
    return ComplaintEvent(
        complaint_id=uuid4(),
        reference="NGW-26-7K3M9QXA",
        id_basis=IdBasis.PLATFORM_ID,
        channel=Channel.SMS,
        account="1708",
        received_at=NOW,
        text="Jalan rusak",
        title="Jalan rusak",
        language=Language.INDONESIAN,
        reporter=Reporter(key=key, status=ReporterStatus.KNOWN),
        place=Place(precision=PlacePrecision.NONE, gazetteer="1"),
        classification=Classified(value=Classification.PENGADUAN, rule="r"),
    )


def stored(complaint: ComplaintEvent, traceparent: str | None = None) -> StoredRecord:
    return StoredRecord(Position("t", 0, 0), accepted_record(complaint, traceparent), NOW)


def test_attributes_read_back_by_the_library() -> None:
    complaint = event()
    attributes = attributes_of(stored(complaint))
    assert attributes["id"] == str(complaint.complaint_id)
    assert attributes["type"] == "id.go.ngawikab.complaint.accepted.v1"
    assert attributes["source"] == "/channels/sms/1708"
    assert attributes["time"] == NOW
    assert attributes["specversion"] == "1.0"
    assert attributes["datacontenttype"] == "application/json"


def test_value_is_the_event_itself() -> None:
    complaint = event()
    assert ComplaintEvent.from_bytes(stored(complaint).record.value) == complaint


def test_key_is_the_reporter_else_the_complaint() -> None:
    assert accepted_record(event("k3y")).key == b"k3y"
    nobody = event(None)
    assert accepted_record(nobody).key == str(nobody.complaint_id).encode()


def test_trace_goes_on() -> None:
    incoming = new_traceparent()
    outgoing = traceparent_of(stored(event(), incoming))
    assert outgoing is not None
    assert outgoing.split("-")[1] == incoming.split("-")[1]
    assert outgoing.split("-")[2] != incoming.split("-")[2]


def test_malformed_trace_starts_anew() -> None:
    for bad in (None, "", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "x; drop", "00-ab-cd-01"):
        assert child_of(bad).split("-")[1] not in (bad or "x")
