"""What is too large for any log, checked before a record reaches one."""

from gateway.errors import RecordRefused
from gateway.log import Record

# Below the topics' max.message.bytes of 1 MiB by the room that Kafka's batch framing needs. Events
# stay under 64 KiB; only a rejected item, which holds the raw request, can come near.
MAX_RECORD_BYTES = 1_000_000

# Lengths and attributes beside the bytes themselves, in Kafka's format; rounded up.
_FRAMING_BYTES = 32


def refuse_oversized(record: Record) -> None:
    """One oversized record would fail its whole Kafka batch, so it never gets there.

    Raises:
        RecordRefused: larger than ``MAX_RECORD_BYTES``.
    """
    size = len(record.value) + len(record.key or b"") + _FRAMING_BYTES
    size += sum(len(name.encode()) + len(value) + _FRAMING_BYTES for name, value in record.headers)
    if size > MAX_RECORD_BYTES:
        raise RecordRefused(f"a record of {size} bytes is over the log's {MAX_RECORD_BYTES}")
