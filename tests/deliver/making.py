"""Invented complaints, and the times they came at."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gateway.log import Position
from gateway.sealing import Sealer
from normalizer.event import (
    Attachment,
    Awaits,
    Channel,
    Classification,
    Classified,
    ComplaintEvent,
    Exclusion,
    IdBasis,
    Language,
    Missing,
    Origin,
    Place,
    PlaceCandidate,
    PlacePrecision,
    PrivatePart,
    Relation,
    Reporter,
    ReporterStatus,
    TimePrecision,
)

#: A Monday noon in Ngawi.
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
TOPIC = "complaints.accepted.v1"

NAME = "Sulastri Invented"
PHONE = "+6281200000042"
EMAIL = "sulastri.invented@example.org"
NIK = "3521014101800001"
ADDRESS = "Gang Rekaan 7"
#: Everything that must never be seen outside the sealed part.
IDENTITY = (NAME, PHONE, EMAIL, NIK, ADDRESS)

PRIVATE = PrivatePart(
    name=NAME,
    phone=PHONE,
    email=EMAIL,
    nik=NIK,
    postal_address=ADDRESS,
    original_text="jalan rusak",
    raw="{}",
    raw_encoding="utf-8",
    raw_media_type="application/json",
)


def make_event(
    sealer: Sealer | None = None,
    *,
    complaint_id: UUID | None = None,
    text: str = "Jalan depan pasar berlubang dalam.",
    reporter_key: str | None = None,
    channel: Channel = Channel.SMS,
    received_at: datetime = NOON,
    private: PrivatePart = PRIVATE,
    status: ReporterStatus = ReporterStatus.KNOWN,
    hide_identity: bool = False,
    hide_content: bool = False,
    completeness: tuple[Missing, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    origin: Origin | None = None,
    relates_to: UUID | None = None,
    relation: Relation | None = None,
    place: Place | None = None,
    exclusion: Exclusion | None = None,
    awaits: Awaits | None = None,
) -> ComplaintEvent:
    """A complete v1 event; without ``sealer`` as after an erasure."""
    made_id = complaint_id or uuid4()
    return ComplaintEvent(
        complaint_id=made_id,
        reference=f"NGW-26-{made_id.hex[:8].upper()}",
        id_basis=IdBasis.PLATFORM_ID,
        channel=channel,
        account="1708",
        submitted_at=received_at - timedelta(minutes=1),
        submitted_precision=TimePrecision.SECOND,
        received_at=received_at,
        text=text,
        title="Jalan depan pasar berlubang",
        language=Language.INDONESIAN,
        reporter=Reporter(key=reporter_key, status=status, reachable_on=channel),
        hide_identity=hide_identity,
        hide_content=hide_content,
        place=place or BABADAN,
        classification=Classified(value=Classification.PENGADUAN, rule="default"),
        completeness=completeness,
        attachments=attachments,
        origin=origin or Origin(),
        relates_to=relates_to,
        relation=relation,
        exclusion=exclusion,
        awaits=awaits,
        sealed=sealer.seal(private) if sealer else None,
    )


BABADAN = Place(
    code="35.21.09.2001",
    precision=PlacePrecision.VILLAGE,
    candidates=(
        PlaceCandidate(
            code="35.21.09.2001", name="Desa Babadan, Kec. Paron", level="village", score=1
        ),
    ),
    landmark="depan pasar",
    gazetteer="test",
)


def at(offset: int, partition: int = 0) -> Position:
    """A place in the log."""
    return Position(TOPIC, partition, offset)
