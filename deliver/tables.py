"""The tables of the ledger as SQLAlchemy sees them. The migrations are what makes them."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time. SQLite keeps no zone: there it is stored as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, UTC stored; a naive time is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

#: SQLite counts up by itself only in a column of exactly type INTEGER.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")

complaint = Table(
    "complaint",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    # Not unique: two equal ones are improbable, and refusing the second would lose a complaint.
    Column("reference", String(32), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("account", Text, nullable=False),
    # What keeps one reporter in order: the reporter key, or the complaint's own id.
    Column("lane", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", UtcTime, nullable=False),
    # Counts every change: who changes a row must have seen the latest.
    Column("version", Integer, nullable=False),
    Column("tracking_id", Text, unique=True),
    Column("mode", String(16)),
    Column("linked_to", String(36)),
    # Not unique: several items may belong to one complaint in LAPOR.
    Column("linked_tracking_id", Text),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("hold_until", UtcTime),
    Column("claimed_by", Text),
    # None with a claim: a person has it in hand, who may take as long as it takes.
    Column("claim_until", UtcTime),
    Column("content_hash", String(64), nullable=False),
    # The v1 JSON; who complained stands only in its sealed part.
    Column("event", Text, nullable=False),
    Column("log_topic", Text, nullable=False),
    Column("log_partition", Integer, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("receipt_published_at", UtcTime),
    Index("ix_complaint_state", "state", "received_at"),
    Index("ix_complaint_lane", "lane", "state"),
    Index("ix_complaint_day", "day", "channel"),
)

#: What belongs to complaints. No foreign key: an outcome may be told before its complaint is here.
attachment = Table(
    "attachment",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    # The platform's id, or the place in the item.
    Column("media_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", UtcTime, nullable=False),
    Column("reason", Text),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", String(64)),
    # Of the copy that may leave the house.
    Column("copy_sha256", String(64)),
    Column("attempts", Integer, nullable=False),
    # In ``stored``: not before; in ``sending``: the claim ends.
    Column("next_try_at", UtcTime),
    Index("ix_attachment_state", "state", "next_try_at"),
)

#: How answers to reporters ended; written from the log, never by hand.
reply = Table(
    "reply",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("at", UtcTime, nullable=False),
    Index("ix_reply_state", "state", "at"),
)

#: Append-only: triggers refuse every update and delete.
transition = Table(
    "transition",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column(
        "complaint_id", String(36), ForeignKey("complaint.complaint_id"), nullable=False, index=True
    ),
    Column("at", UtcTime, nullable=False),
    Column("from_state", String(16)),
    # Equal to ``from_state`` for a note that moves nothing.
    Column("to_state", String(16), nullable=False),
    Column("who", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("note", Text),
    sqlite_autoincrement=True,
)

#: What a source says it has given out, told by the intake beside the items; append-only.
source_count = Table(
    "source_count",
    metadata,
    Column("count_id", String(36), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("account", Text, nullable=False),
    # Within which the numbers count: a UIDVALIDITY, a batch, a provider's list.
    Column("scope", Text, nullable=False),
    Column("counted_at", UtcTime, nullable=False),
    # The v1 JSON of normalizer.count.SourceCount.
    Column("body", Text, nullable=False),
    Index("ix_source_count_scope", "channel", "account", "scope", "counted_at"),
)

#: Which item of ours a number at the source became.
source_number = Table(
    "source_number",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    # A complaint or a rejected item.
    Column("item_id", String(36), primary_key=True),
)

#: One closing of the ledger; append-only. Each covers the history since the one before.
closed_day = Table(
    "closed_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", UtcTime, nullable=False),
    Column("closed_by", Text, nullable=False),
    # The last line of history that the hash covers.
    Column("through_seq", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    # JSON: the equation as it stood at the closing, per channel.
    Column("numbers", Text, nullable=False),
    # JSON: a digest of every line and of every complaint that it concerns; names what changed.
    Column("manifest", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

#: What LAPOR said last about a complaint that it has, and when it is asked again.
lapor_standing = Table(
    "lapor_standing",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    Column("status_code", Text),
    Column("status_name", Text),
    Column("checked_at", UtcTime),
    # None: LAPOR is done with it; not asked again.
    Column("next_check_at", UtcTime),
    Column("failures", Integer, nullable=False),
    Index("ix_lapor_standing_next", "next_check_at"),
)

#: What happened to a complaint in LAPOR: a status or a follow-up, each once.
lapor_update = Table(
    "lapor_update",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    Column("update_id", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    # The v1 JSON of normalizer.update.ComplaintUpdate.
    Column("body", Text, nullable=False),
    Column("published_at", UtcTime),
    Index("ix_lapor_update_published", "published_at"),
)

#: A file that was made for LAPOR's bulk upload.
bulk_file = Table(
    "bulk_file",
    metadata,
    Column("file_id", String(36), primary_key=True),
    Column("made_at", UtcTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
)

#: Which complaint stood in which row of such a file.
bulk_row = Table(
    "bulk_row",
    metadata,
    Column("file_id", String(36), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("complaint_id", String(36), nullable=False, index=True),
)

#: The tombstone of an identity: never the data, only that it was erased, when and why.
erasure = Table(
    "erasure",
    metadata,
    Column("complaint_id", String(36), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # JSON list: names in the store of attachments that are still to be deleted; NULL: none.
    Column("left_blobs", Text),
)

#: Acts of people that concern no single complaint; append-only.
act = Table(
    "act",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    # ``day_closed``, ``replayed``, ``rejected_retried``, ``report_made``, ...
    Column("what", String(64), nullable=False),
    # What it was done to: a day, a range, an item's id.
    Column("subject", Text),
    Column("note", Text),
    sqlite_autoincrement=True,
)
