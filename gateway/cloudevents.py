"""Events as log records: CloudEvents 1.0 in the Kafka binding's binary mode.

Attributes stand in headers, the JSON value is the event itself. No header and no key holds
personal data: context attributes are read by everybody who carries the message (CloudEvents 1.0,
section *Privacy and Security*).
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from gateway.log import Record, StoredRecord
from gateway.tracing import child_of
from normalizer.count import SourceCount
from normalizer.event import SCHEMA_VERSION, ComplaintEvent, EntryReceipt, RejectedItem
from normalizer.outcome import MediaOutcome, ReplyOutcome
from normalizer.update import ComplaintUpdate

TYPE_ACCEPTED = "id.go.ngawikab.complaint.accepted.v1"
TYPE_REJECTED = "id.go.ngawikab.complaint.rejected.v1"
TYPE_ENTERED = "id.go.ngawikab.complaint.entered.v1"
TYPE_REPLIED = "id.go.ngawikab.complaint.replied.v1"
TYPE_MEDIA = "id.go.ngawikab.complaint.media.v1"
TYPE_COUNTED = "id.go.ngawikab.complaint.counted.v1"
TYPE_UPDATED = "id.go.ngawikab.complaint.updated.v1"

#: A name, not an address to fetch: the files stand in docs/schema/ of the project.
SCHEMA_URI = "urn:ngawikab:complaint-gateway:{name}:" + SCHEMA_VERSION

_FORMAT = JSONFormat()


def accepted_record(event: ComplaintEvent, traceparent: str | None = None) -> Record:
    """The record of an accepted complaint; the key keeps one reporter in one partition."""
    return _record(
        key=event.reporter.key or str(event.complaint_id),
        value=event.to_bytes(),
        subject_id=event.complaint_id,
        type_=TYPE_ACCEPTED,
        source=f"/channels/{event.channel}/{event.account}",
        time=event.received_at,
        schema="complaint-event",
        traceparent=traceparent,
    )


def rejected_record(item: RejectedItem, traceparent: str | None = None) -> Record:
    """The record of an item that did not become an event."""
    return _record(
        key=str(item.item_id),
        value=item.to_bytes(),
        subject_id=item.item_id,
        type_=TYPE_REJECTED,
        source=f"/channels/{item.channel}/{item.account}",
        time=item.received_at,
        schema="rejected-item",
        traceparent=traceparent,
    )


def entered_record(receipt: EntryReceipt, traceparent: str | None = None) -> Record:
    """The record of an entry in LAPOR; keyed by complaint, so the compacted topic keeps one."""
    return _record(
        key=str(receipt.complaint_id),
        value=receipt.to_bytes(),
        subject_id=receipt.complaint_id,
        type_=TYPE_ENTERED,
        source="/deliver",
        time=receipt.entered_at,
        schema="entry-receipt",
        traceparent=traceparent,
    )


def replied_record(outcome: ReplyOutcome, traceparent: str | None = None) -> Record:
    """The record of what became of an answer."""
    return _record(
        key=str(outcome.complaint_id),
        value=outcome.to_bytes(),
        subject_id=outcome.outcome_id,
        type_=TYPE_REPLIED,
        source=f"/replies/{outcome.channel}",
        time=outcome.at,
        schema="reply-outcome",
        traceparent=traceparent,
    )


def media_record(outcome: MediaOutcome, traceparent: str | None = None) -> Record:
    """The record of what became of an attachment."""
    return _record(
        key=str(outcome.complaint_id),
        value=outcome.to_bytes(),
        subject_id=outcome.outcome_id,
        type_=TYPE_MEDIA,
        source="/media",
        time=outcome.at,
        schema="media-outcome",
        traceparent=traceparent,
    )


def counted_record(count: SourceCount, traceparent: str | None = None) -> Record:
    """The record of what a source says it has given out."""
    return _record(
        key=str(count.count_id),
        value=count.to_bytes(),
        subject_id=count.count_id,
        type_=TYPE_COUNTED,
        source=f"/channels/{count.channel}/{count.account}",
        time=count.counted_at,
        schema="source-count",
        traceparent=traceparent,
    )


def updated_record(update: ComplaintUpdate, traceparent: str | None = None) -> Record:
    """The record of what LAPOR says; one complaint stays in one partition, in order."""
    return _record(
        key=str(update.complaint_id),
        value=update.to_bytes(),
        subject_id=update.event_id,
        type_=TYPE_UPDATED,
        source="/deliver",
        time=update.at,
        schema="complaint-update",
        traceparent=traceparent,
    )


def traceparent_of(stored: StoredRecord) -> str | None:
    """The trace a record belongs to."""
    value = stored.header("traceparent")
    return value.decode("ascii", "replace") if value else None


def attributes_of(stored: StoredRecord) -> Mapping[str, object]:
    """The CloudEvents attributes of a record, as the library reads them."""
    message = KafkaMessage(headers=dict(stored.record.headers), key=None, value=stored.record.value)
    attributes: Mapping[str, object] = from_binary(message, _FORMAT).get_attributes()
    return attributes


def _record(
    *,
    key: str,
    value: bytes,
    subject_id: UUID,
    type_: str,
    source: str,
    time: datetime,
    schema: str,
    traceparent: str | None,
) -> Record:
    event = CloudEvent(
        {
            "id": str(subject_id),
            "type": type_,
            "source": source,
            "time": time,
            "datacontenttype": "application/json",
            "dataschema": SCHEMA_URI.format(name=schema),
        },
        value,
    )
    message = to_binary(event, _FORMAT)
    headers = tuple(message.headers.items())
    return Record(
        key.encode(), message.value, (*headers, ("traceparent", child_of(traceparent).encode()))
    )
