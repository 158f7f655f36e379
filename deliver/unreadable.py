"""Records of the accepted topic that are no event: kept, sealed, aside."""

import base64
import logging
import re
from uuid import UUID, uuid5

from gateway.cloudevents import rejected_record
from gateway.log import EventLog, Position, StoredRecord
from gateway.sealing import Sealer
from normalizer.draft import RejectionReason
from normalizer.event import Channel, PrivatePart, RejectedItem

log = logging.getLogger(__name__)

#: Namespace of the ids of records that could not be read: the same record, the same id.
_NAMESPACE = UUID("3d4f7a0e-6a55-5f0c-8f1b-3a7e3f6f2c58")

_SOURCE = re.compile(rb"/channels/([a-z_]+)/(.{1,200})", re.DOTALL)


def item_id(position: Position) -> UUID:
    """The id under which a record that is no event stands in the rejected topic."""
    return uuid5(_NAMESPACE, f"{position.topic}/{position.partition}/{position.offset}")


def channel_of(stored: StoredRecord) -> tuple[Channel, str]:
    """Channel and account as the record's header tells them; ``other`` when it does not."""
    match = _SOURCE.fullmatch(stored.header("ce_source") or b"")
    try:
        channel = Channel(match[1].decode()) if match else None
    except ValueError:
        channel = None
    if match is None or channel is None:
        return Channel.OTHER, "unknown"
    return channel, match[2].decode("utf-8", "replace")


async def reject(event_log: EventLog, topic: str, stored: StoredRecord, sealer: Sealer) -> None:
    """Keep the record's bytes in the rejected topic.

    Raises:
        NotKept: they are not kept; the record must not be committed.
    """
    channel, account = channel_of(stored)
    item = RejectedItem(
        item_id=item_id(stored.position),
        channel=channel,
        account=account,
        received_at=stored.logged_at,
        stage="deliver",
        reason=RejectionReason.UNREADABLE,
        sealed=sealer.seal(_private(stored.record.value)),
    )
    await event_log.append(topic, rejected_record(item))
    log.error(
        "record.unreadable",
        extra={
            "item_id": str(item.item_id),
            "partition": stored.position.partition,
            "offset": stored.position.offset,
        },
    )


def _private(raw: bytes) -> PrivatePart:
    try:
        return PrivatePart(
            raw=raw.decode("utf-8"), raw_encoding="utf-8", raw_media_type="application/json"
        )
    except UnicodeDecodeError:
        return PrivatePart(
            raw=base64.b64encode(raw).decode("ascii"),
            raw_encoding="base64",
            raw_media_type="application/octet-stream",
        )
