"""The whole way: any draft becomes an event or a reasoned rejection, and hides who wrote."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from normalizer.draft import (
    Draft,
    DraftAttachment,
    Rejection,
    RejectionReason,
    Sender,
    SenderKind,
    SourceRef,
)
from normalizer.event import (
    MAX_TEXT_CHARS,
    Channel,
    Classification,
    ComplaintEvent,
    IdBasis,
    Missing,
    PlacePrecision,
    PrivatePart,
    Relation,
    ReporterStatus,
    TimePrecision,
)
from normalizer.gazetteer import Gazetteer
from normalizer.identity import platform_complaint_id
from normalizer.normalize import Context, Normalized, normalize
from tests.normalizer.strategies import RECEIVED, drafts, quick

CONTEXT = Context(reporter_key_secret=b"not a real secret, only a test's")
PHONE = Sender(kind=SenderKind.PHONE, address="0812-0000-1234", name="Sri Invented")
SMS = Draft(
    channel=Channel.SMS,
    account="1708",
    raw=b"text=...",
    source_id="m-1",
    text_raw="NGAWI Jalan di desa Babadan kec. Paron rusak. Sri Invented, 081200001234",
    sender=PHONE,
    submitted_at=RECEIVED - timedelta(minutes=2),
    submitted_precision=TimePrecision.SECOND,
)


def event_of(draft: Draft) -> ComplaintEvent:
    return normalized(draft).event


def normalized(draft: Draft) -> Normalized:
    result = normalize(draft, RECEIVED, CONTEXT)
    assert isinstance(result, Normalized)
    return result


def test_an_sms_becomes_an_event() -> None:
    event = event_of(SMS)
    assert event.text == "Jalan di desa Babadan kec. Paron rusak. [NAMA], [TELEPON]"
    assert event.title == "Jalan di desa Babadan kec. Paron rusak"
    assert event.place.code == "35.21.10.2002"
    assert event.classification.value is Classification.PENGADUAN
    assert event.completeness == ()
    assert event.reference.startswith("NGW-26-")
    assert event.id_basis is IdBasis.PLATFORM_ID
    assert event.reporter.status is ReporterStatus.KNOWN
    assert event.reporter.reachable_on is Channel.SMS
    assert event.sealed is None


def test_the_private_part_has_all_that_the_event_has_not() -> None:
    private = normalized(SMS).private
    assert (private.name, private.phone) == ("Sri Invented", "+6281200001234")
    assert private.original_text == SMS.text_raw
    assert (private.raw, private.raw_encoding) == ("text=...", "utf-8")
    assert private.source_id is None


@pytest.mark.parametrize(
    "value", ["Sri Invented", "0812-0000-1234", "81200001234", "3521015708900001"]
)
def test_nothing_of_the_person_is_in_the_event(value: str) -> None:
    draft = replace(
        SMS,
        source_id="62812-0000-1234/7",
        title_raw="Laporan Sri Invented 0812-0000-1234",
        landmark="rumah Sri Invented",
        sender=replace(PHONE, nik="3521015708900001"),
        text_raw="saya sri invented nik 3521015708900001 hp +62 812 0000 1234",
        attachments=(
            DraftAttachment(media_type="image/jpeg", media_id="1", name="sri_invented.jpg"),
            DraftAttachment(media_type="image/jpeg", media_id="2", name="081200001234.jpg"),
        ),
    )
    shown = event_of(draft).to_bytes().decode().lower()
    assert value.lower() not in shown


def test_a_telling_source_id_is_hidden_and_kept_sealed() -> None:
    result = normalized(replace(SMS, source_id="sms-6281200001234-9"))
    assert result.event.source_id is not None
    assert result.event.source_id.startswith("hidden:")
    assert result.private.source_id == "sms-6281200001234-9"
    expected = platform_complaint_id(Channel.SMS, "1708", "sms-6281200001234-9")
    assert result.event.complaint_id == expected


@pytest.mark.parametrize(
    ("channel", "source_id", "shown"),
    [
        (Channel.TELEGRAM, "-100123:45", True),
        (Channel.TELEGRAM, "4242424242:45", False),  # a private chat has the sender's own id
        (Channel.WHATSAPP, "wamid.HBgNNjI4MTIwMDAwMTIzNBUC", False),
        (Channel.EMAIL, "<20260309.1@mail.example.org>", False),
        (Channel.X, "line\nbreak", False),
    ],
)
def test_which_source_ids_are_shown(channel: Channel, source_id: str, shown: bool) -> None:
    sender = Sender(kind=SenderKind.HANDLE, address="4242424242")
    draft = replace(SMS, channel=channel, source_id=source_id, sender=sender)
    assert (event_of(draft).source_id == source_id) is shown


def test_a_harmless_attachment_keeps_its_name_and_another_its_ending() -> None:
    names = ("IMG-20260309-WA0001.jpg", "hp 081200001234.jpg", None)
    files = tuple(
        DraftAttachment(media_type="image/jpeg", media_id=str(n), size_bytes=n - 1, name=name)
        for n, name in enumerate(names)
    )
    kept, hidden, unnamed = event_of(replace(SMS, attachments=files)).attachments
    assert (kept.name, kept.size_bytes) == ("IMG-20260309-WA0001.jpg", None)
    assert hidden.name is not None
    assert hidden.name.startswith("hidden:")
    assert hidden.name.endswith(".jpg")
    assert unnamed.name is None


@pytest.mark.parametrize(
    "text",
    ["NGAWI", "halo", "👍", "?", "\ufffd"],
    ids=["keyword", "greeting", "emoji", "mark", "bad"],
)
def test_little_text_is_still_a_complaint(text: str) -> None:
    event = event_of(replace(SMS, text_raw=text))
    assert event.text == text
    assert event.classification.value is Classification.UNCLEAR
    assert Missing.WHAT in event.completeness


@pytest.mark.parametrize("text", [None, "", " \n\x00\u200b"])
def test_nothing_at_all_is_rejected(text: str | None) -> None:
    result = normalize(replace(SMS, text_raw=text), RECEIVED, CONTEXT)
    assert isinstance(result, Rejection)
    assert result.reason is RejectionReason.EMPTY
    assert result.raw == SMS.raw


@pytest.mark.parametrize(
    "draft",
    [
        replace(SMS, text_raw=None, attachments=(DraftAttachment(media_type="a/b", media_id="1"),)),
        replace(SMS, text_raw=None, coordinates=(-7.4, 111.4)),
        replace(SMS, text_raw=None, title_raw="Jalan rusak"),
        replace(
            SMS, text_raw=None, relates_to=SourceRef(source_id="m-0", relation=Relation.DELETION)
        ),
    ],
    ids=["attachment", "coordinates", "title", "deletion"],
)
def test_anything_else_than_text_is_kept_too(draft: Draft) -> None:
    assert event_of(draft).title


def test_what_breaks_the_normalizer_is_rejected_with_its_bytes() -> None:
    broken = replace(CONTEXT, gazetteer=_Broken())  # type: ignore[arg-type]
    result = normalize(replace(SMS, source_id="\ud800"), RECEIVED, broken)
    assert isinstance(result, Rejection)
    assert result.reason is RejectionReason.NORMALIZER_FAILED
    assert (result.raw, result.source_id) == (SMS.raw, "\ufffd")


class _Broken:
    """Stands for the gazetteer and fails wherever it is touched."""

    def __getattr__(self, name: str) -> Gazetteer:
        raise ZeroDivisionError(name)


def test_a_related_item_names_the_first_one() -> None:
    draft = replace(SMS, relates_to=SourceRef(source_id="m-0", relation=Relation.EDIT))
    event = event_of(draft)
    assert event.relates_to == event_of(replace(SMS, source_id="m-0")).complaint_id
    assert event.relation is Relation.EDIT


def test_nobody_asks_back_about_a_thumb() -> None:
    draft = replace(
        SMS, text_raw="👍", relates_to=SourceRef(source_id="m-0", relation=Relation.REACTION)
    )
    assert event_of(draft).completeness == ()


@pytest.mark.parametrize(
    "submitted_at",
    [
        datetime(2026, 3, 9),  # noqa: DTZ001 - a time without a zone is the case
        datetime(1970, 1, 1, tzinfo=UTC),
        RECEIVED + timedelta(days=2),
        datetime.min.replace(tzinfo=CONTEXT.time_zone),
    ],
    ids=["naive", "unset clock", "future", "out of range"],
)
def test_an_absurd_time_is_unknown(submitted_at: datetime) -> None:
    event = event_of(replace(SMS, submitted_at=submitted_at))
    assert event.submitted_at is None
    assert event.submitted_precision is TimePrecision.UNKNOWN


def test_times_are_utc_and_a_slip_keeps_all_three() -> None:
    local = RECEIVED.astimezone(CONTEXT.time_zone)
    draft = replace(
        SMS,
        submitted_at=local - timedelta(days=8),
        submitted_precision=TimePrecision.DAY,
        captured_at=local + timedelta(days=9),
    )
    event = event_of(draft)
    assert event.submitted_at == RECEIVED - timedelta(days=8)
    assert event.captured_at == RECEIVED + timedelta(days=9)
    assert {event.submitted_at.tzinfo, event.received_at.tzinfo} == {UTC}


@pytest.mark.parametrize(
    ("channel", "sender", "reachable_on"),
    [
        (Channel.SMS, PHONE, Channel.SMS),
        (Channel.SMS, Sender(kind=SenderKind.PHONE, address="MTN"), None),
        (Channel.SMS, Sender(), None),
        (
            Channel.TELEGRAM,
            Sender(kind=SenderKind.HANDLE, address="4242424242"),
            Channel.TELEGRAM,
        ),
        (Channel.EMAIL, Sender(kind=SenderKind.EMAIL, address="a@example.org"), Channel.EMAIL),
        (Channel.CALL_CENTER, PHONE, Channel.SMS),
        (Channel.COMPLAINT_BOX, PHONE, Channel.SMS),
        (Channel.WALK_IN, Sender(kind=SenderKind.PHONE, address="0351 749024"), None),
        (Channel.LETTER, Sender(kind=SenderKind.EMAIL, address="a@example.org"), Channel.EMAIL),
        (Channel.LETTER, Sender(name="Sri Invented"), None),
        (Channel.OTHER, PHONE, None),
    ],
)
def test_reachable_on(channel: Channel, sender: Sender, reachable_on: Channel | None) -> None:
    event = event_of(replace(SMS, channel=channel, sender=sender))
    assert event.reporter.reachable_on is reachable_on


@pytest.mark.parametrize(
    ("sender", "said", "status"),
    [
        (PHONE, None, ReporterStatus.KNOWN),
        (Sender(name="Sri Invented"), None, ReporterStatus.KNOWN),
        (Sender(), None, ReporterStatus.UNKNOWN),
        (Sender(), ReporterStatus.WITHHELD, ReporterStatus.WITHHELD),
    ],
)
def test_reporter_status(
    sender: Sender, said: ReporterStatus | None, status: ReporterStatus
) -> None:
    assert event_of(replace(SMS, sender=sender, reporter_status=said)).reporter.status is status


def test_segments_and_keyword_of_an_sms() -> None:
    event = event_of(replace(SMS, text_raw="NGAWI#PARON#BABADAN#jalan rusak"))
    assert event.text == "PARON, BABADAN, jalan rusak"
    assert event.place.code == "35.21.10.2002"


def test_the_keyword_belongs_to_sms_only() -> None:
    assert event_of(replace(SMS, text_raw="NGAWI lampu mati")).place.code == "35.21"
    event = event_of(replace(SMS, channel=Channel.FACEBOOK, text_raw="NGAWI lampu mati"))
    assert event.text == "NGAWI lampu mati"


def test_the_title_of_a_mail_tells_the_place_too() -> None:
    draft = replace(
        SMS, channel=Channel.EMAIL, title_raw="Jalan desa Jeblogan", text_raw="Rusak parah."
    )
    event = event_of(draft)
    assert (event.title, event.text) == ("Jalan desa Jeblogan", "Rusak parah.")
    assert event.place.code == "35.21.10.2011"


def test_what_a_person_chose_is_believed() -> None:
    draft = replace(SMS, place_code="35.21.16.2001", classification=Classification.ASPIRASI)
    event = event_of(draft)
    assert event.place.code == "35.21.16.2001"
    assert (event.classification.value, event.classification.rule) == (
        Classification.ASPIRASI,
        "person",
    )


@pytest.mark.parametrize("coordinates", [(0.0, 0.0), (91.0, 0.0), (float("nan"), 1.0)])
def test_impossible_coordinates_are_dropped(coordinates: tuple[float, float]) -> None:
    place = event_of(replace(SMS, coordinates=coordinates, text_raw="jalan rusak")).place
    assert place.latitude is None
    assert place.precision is not PlacePrecision.VILLAGE


def test_a_long_text_is_cut_without_cutting_a_number() -> None:
    text = "rusak " * (MAX_TEXT_CHARS // 6 - 2) + "0812 0000 1234 " * 20
    event = event_of(replace(SMS, text_raw=text))
    assert event.text_truncated
    assert len(event.text) <= MAX_TEXT_CHARS
    assert "0812" not in event.text
    endless = event_of(replace(SMS, text_raw="0812 0000 1234 " * 100_000))
    assert endless.text_truncated
    assert "0812" not in endless.text


def test_bytes_that_are_no_text_are_sealed_in_base64() -> None:
    private = normalized(replace(SMS, raw=b"\xff\x00")).private
    assert (private.raw, private.raw_encoding) == ("/wA=", "base64")


@quick
@given(drafts)
def test_any_draft_becomes_an_event_or_a_reasoned_rejection(draft: Draft) -> None:
    result = normalize(draft, RECEIVED, CONTEXT)
    if isinstance(result, Rejection):
        assert result.reason is RejectionReason.EMPTY
        assert result.raw == draft.raw
        return
    assert ComplaintEvent.from_bytes(result.event.to_bytes()) == result.event
    assert PrivatePart.from_bytes(result.private.to_bytes()) == result.private
    assert normalize(draft, RECEIVED, CONTEXT) == result
