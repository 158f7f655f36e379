"""Computed names: the same item gives the same id, another item another."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.draft import Draft, Sender, SenderKind
from normalizer.event import Channel, IdBasis, TimePrecision
from normalizer.identity import (
    complaint_id,
    parse_reference,
    platform_complaint_id,
    reference,
    reporter_key,
)
from tests.normalizer.strategies import RECEIVED, drafts, quick

SECRET = b"not a real secret, only a test's"
JAKARTA = ZoneInfo("Asia/Jakarta")
DRAFT = Draft(channel=Channel.SMS, account="1708", raw=b"{}", source_id="m-1", text_raw="banjir")
SENT = replace(
    DRAFT,
    source_id=None,
    sender=Sender(kind=SenderKind.PHONE, address="0812-0000-1234"),
    submitted_at=RECEIVED,
    submitted_precision=TimePrecision.SECOND,
)


def test_the_platform_id_decides_whatever_else_changes() -> None:
    first = complaint_id(DRAFT, RECEIVED)
    again = replace(DRAFT, raw=b"other", text_raw="other words")
    assert complaint_id(again, RECEIVED + timedelta(hours=3)) == first
    assert first == (platform_complaint_id(Channel.SMS, "1708", "m-1"), IdBasis.PLATFORM_ID)


def test_the_id_never_changes_between_versions() -> None:
    assert complaint_id(DRAFT, RECEIVED)[0] == UUID("bc10ffe8-a7c9-5023-ba4b-e99ab04ab737")


@pytest.mark.parametrize(
    "other",
    [
        replace(DRAFT, source_id="m-2"),
        replace(DRAFT, account="1709"),
        replace(DRAFT, channel=Channel.X),
        replace(DRAFT, account="1708m", source_id="-1"),
    ],
)
def test_another_item_has_another_id(other: Draft) -> None:
    assert complaint_id(other, RECEIVED)[0] != complaint_id(DRAFT, RECEIVED)[0]


def test_without_a_platform_id_sender_time_and_text_decide() -> None:
    first, basis = complaint_id(SENT, RECEIVED)
    spelt = replace(SENT, sender=Sender(kind=SenderKind.PHONE, address="+62 81200001234"))
    later = replace(SENT, submitted_at=RECEIVED + timedelta(seconds=1))
    assert basis is IdBasis.SENDER_TIME_TEXT
    assert complaint_id(spelt, RECEIVED + timedelta(days=1)) == (first, basis)
    assert complaint_id(later, RECEIVED)[0] != first
    assert complaint_id(replace(SENT, text_raw="longsor"), RECEIVED)[0] != first


@pytest.mark.parametrize(
    "timeless",
    [
        replace(SENT, submitted_at=None),
        replace(SENT, sender=Sender()),
        replace(SENT, submitted_precision=TimePrecision.DAY),
    ],
)
def test_without_time_or_sender_each_arrival_is_kept(timeless: Draft) -> None:
    first, basis = complaint_id(timeless, RECEIVED)
    assert basis is IdBasis.ARRIVAL
    assert complaint_id(timeless, RECEIVED) == (first, basis)
    assert complaint_id(timeless, RECEIVED + timedelta(microseconds=1))[0] != first


@quick
@given(drafts)
def test_ids_are_deterministic_for_any_draft(draft: Draft) -> None:
    assert complaint_id(draft, RECEIVED) == complaint_id(replace(draft), RECEIVED)


@quick
@given(st.uuids(), st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis takes its bounds without a zone
def test_a_reference_reads_back(complaint: UUID, received_at: datetime) -> None:
    number = reference(complaint, received_at, "NGW", JAKARTA)
    letters = number.split("-")[2]
    assert len(letters) == 8
    assert set(letters) <= set(string.digits + string.ascii_uppercase) - set("ILOU")
    assert parse_reference(number) == number
    assert parse_reference(f"nomor {number.lower().replace('-', ' ')}, terima kasih") == number


def test_the_reference_has_the_local_year() -> None:
    before_midnight_utc = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
    assert reference(UUID(int=0), before_midnight_utc, "NGW", JAKARTA) == "NGW-27-00000000"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NGW-26-7K3M9QXA", "NGW-26-7K3M9QXA"),
        ("ngw 26 7k3m 9qxa", "NGW-26-7K3M9QXA"),
        ("NGW267K3M9QXA", "NGW-26-7K3M9QXA"),
        ("NGW-2O-OIL0OOOO", "NGW-20-01100000"),
        ("balasan untuk ngw.26.7k3m9qxa mohon dicek", "NGW-26-7K3M9QXA"),
        ("NGW-26-7K3M9QX", None),
        ("NGW-26-7K3M9QXAB", None),
        ("NGW-26-7K3M9QXU", None),
        ("per 25 november", None),
        ("", None),
    ],
)
def test_references_as_people_write_them(written: str, read: str | None) -> None:
    assert parse_reference(written) == read


def test_one_person_one_key() -> None:
    spellings = ("0812-0000-1234", "6281200001234", "+62 812 0000 1234")
    keys = {reporter_key(SECRET, Sender(kind=SenderKind.PHONE, address=s)) for s in spellings}
    assert len(keys) == 1
    key = keys.pop()
    assert key is not None
    assert len(key) == 22
    assert "81200001234" not in key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Sender(kind=SenderKind.PHONE, address="MTN"), Sender(kind=SenderKind.PHONE, address="XL")),
        (
            Sender(kind=SenderKind.HANDLE, address="1708"),
            Sender(kind=SenderKind.PHONE, address="1708"),
        ),
    ],
)
def test_other_senders_have_other_keys(one: Sender, other: Sender) -> None:
    assert reporter_key(SECRET, one) is not None
    assert reporter_key(SECRET, one) != reporter_key(SECRET, other)


def test_a_handle_means_somebody_only_on_its_platform() -> None:
    handle = Sender(kind=SenderKind.HANDLE, address="@sri_invented")
    mail = Sender(kind=SenderKind.EMAIL, address="Sri@Example.org ")
    same_mail = Sender(kind=SenderKind.EMAIL, address="sri@example.org")
    assert reporter_key(SECRET, handle, "x") != reporter_key(SECRET, handle, "telegram")
    assert reporter_key(SECRET, mail, "email") == reporter_key(SECRET, same_mail, "walk_in")


def test_no_address_no_key_and_another_secret_another_key() -> None:
    sender = Sender(kind=SenderKind.PHONE, address="081200001234")
    assert reporter_key(SECRET, Sender(name="Sri Invented")) is None
    assert reporter_key(SECRET, Sender(kind=SenderKind.PHONE, address="  ")) is None
    assert reporter_key(SECRET, sender) != reporter_key(SECRET + b"2", sender)
