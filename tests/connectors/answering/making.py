"""Invented complaints with a way back, made the way the door makes them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.cloudevents import entered_record
from gateway.log import Position, Record, StoredRecord
from gateway.sealing import Sealer
from normalizer.draft import Draft, Sender, SenderKind, SourceRef
from normalizer.event import (
    Awaits,
    Channel,
    ComplaintEvent,
    EntryReceipt,
    Exclusion,
    Relation,
    ReplyPath,
)
from normalizer.normalize import Context, Normalized, normalize

#: A Monday, noon in Ngawi.
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
NAME = "Sri Rejeki Contoh"
PHONE = "+6281200009123"
WORDS = "Jalan depan pasar berlubang, tanya ke Mbah Rejo"
CONTEXT = Context(reporter_key_secret=b"s" * 32)


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@dataclass
class Maker:
    """Makes events; each of the same sender unless told otherwise."""

    sealer: Sealer
    clock: Clock = field(default_factory=Clock)
    count: int = 0

    def draft(
        self,
        text: str = WORDS,
        *,
        channel: Channel = Channel.TELEGRAM,
        account: str = "bot",
        phone: str | None = PHONE,
        exclusion: Exclusion | None = None,
        relation: Relation | None = None,
        awaits: Awaits | None = None,
        path: ReplyPath | None = None,
        source_id: str | None = None,
    ) -> Draft:
        self.count += 1
        kind = SenderKind.NONE if phone is None else SenderKind.PHONE
        return Draft(
            channel=channel,
            account=account,
            raw=text.encode(),
            source_id=source_id or f"message-{self.count}",
            text_raw=text,
            sender=Sender(kind=kind, address=phone, name=NAME),
            exclusion=exclusion,
            awaits=awaits,
            relates_to=SourceRef(source_id="earlier", relation=relation) if relation else None,
            reply_path=path,
        )

    def event(
        self,
        text: str = WORDS,
        *,
        channel: Channel = Channel.TELEGRAM,
        account: str = "bot",
        phone: str | None = PHONE,
        exclusion: Exclusion | None = None,
        relation: Relation | None = None,
        awaits: Awaits | None = None,
        expires_at: datetime | None = None,
        public: bool = False,
        answerable: bool = True,
        received_at: datetime | None = None,
    ) -> ComplaintEvent:
        path = ReplyPath(address=phone or "98765", expires_at=expires_at, public=public)
        draft = self.draft(
            text,
            channel=channel,
            account=account,
            phone=phone,
            exclusion=exclusion,
            relation=relation,
            awaits=awaits,
        )
        made = normalize(draft, received_at or self.clock.now(), CONTEXT)
        assert isinstance(made, Normalized)
        sealed = self.sealer.seal(path) if answerable else None
        return made.event.model_copy(update={"reply_to": sealed})


def receipt(event: ComplaintEvent, at: datetime = NOON, tracking_id: str = "9165816") -> Record:
    made = EntryReceipt(
        complaint_id=event.complaint_id,
        reference=event.reference,
        tracking_id=tracking_id,
        mode="v3",
        entered_at=at,
    )
    return entered_record(made)


def stored(record: Record, offset: int = 0) -> StoredRecord:
    return StoredRecord(Position("topic", 0, offset), record, NOON)


def stored_event(event: ComplaintEvent) -> StoredRecord:
    return stored(Record(None, event.to_bytes()))
