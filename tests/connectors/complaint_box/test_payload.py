"""A slip and its way to a draft."""

from datetime import UTC, date, datetime

import pytest

from connectors.complaint_box.payload import Incomplete, Typed, parse, to_draft
from normalizer.draft import SenderKind
from normalizer.event import MAX_TEXT_CHARS, Channel, ReporterStatus, TimePrecision
from tests.connectors.complaint_box.clerk_site import WIB

TODAY = date(2026, 11, 9)
LEAST = {"source": "letter", "text": "Mohon jembatan diperbaiki."}
TYPED = Typed(
    source_id="0b7c",
    account="kantor",
    raw=b"{}",
    captured_at=datetime(2026, 11, 9, 2, 30, tzinfo=UTC),
    time_zone=WIB,
    entered_by="u-1",
)


def problems(**fields: str) -> dict[str, str]:
    with pytest.raises(Incomplete) as caught:
        parse(LEAST | fields, TODAY)
    assert str(caught.value) == ""
    return dict(caught.value.problems)


def test_three_days_of_one_slip_are_three_times() -> None:
    slip = parse(LEAST | {"written_on": "1/11/2026", "received_on": "8/11/2026"}, TODAY)
    draft = to_draft(slip, TYPED)
    assert draft.submitted_at == datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
    assert draft.submitted_precision is TimePrecision.DAY
    assert draft.received_at == datetime(2026, 11, 8, 5, 0, tzinfo=UTC)
    assert draft.captured_at == TYPED.captured_at


def test_what_came_today_is_stamped_by_the_intake() -> None:
    draft = to_draft(parse(LEAST | {"received_on": "9/11/2026"}, TODAY), TYPED)
    assert draft.received_at is None
    assert draft.submitted_at is None
    assert draft.submitted_precision is TimePrecision.UNKNOWN


def test_a_slip_written_today_is_not_from_the_future() -> None:
    draft = to_draft(parse(LEAST | {"written_on": "9/11/2026"}, TODAY), TYPED)
    assert draft.submitted_at == TYPED.captured_at


def test_the_local_day_counts_after_midnight_in_utc() -> None:
    early = datetime(2026, 11, 8, 18, 0, tzinfo=UTC)  # the 9th, one in the morning, in Ngawi
    typed = Typed("0b7c", "kantor", b"{}", early, WIB)
    assert to_draft(parse(LEAST | {"received_on": "9/11/2026"}, TODAY), typed).received_at is None
    yesterday = to_draft(parse(LEAST | {"received_on": "8/11/2026"}, TODAY), typed)
    assert yesterday.received_at == datetime(2026, 11, 8, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "kind", "address", "status"),
    [
        ({"reporter": "gave", "phone": "0812 0000 0101"}, SenderKind.PHONE, "0812 0000 0101", 1),
        (
            {"reporter": "gave", "phone": "0812 0000 0101", "email": "sri@contoh.id"},
            SenderKind.PHONE,
            "0812 0000 0101",
            1,
        ),
        ({"reporter": "gave", "email": "sri@contoh.id"}, SenderKind.EMAIL, "sri@contoh.id", 1),
        ({"reporter": "gave", "name": "Sri Contoh"}, SenderKind.NONE, None, 1),
        ({"reporter": "withheld"}, SenderKind.NONE, None, 2),
        ({"reporter": "unknown"}, SenderKind.NONE, None, 3),
        ({"reporter": ""}, SenderKind.NONE, None, 0),
        ({"name": "Sri Contoh"}, SenderKind.NONE, None, 0),
    ],
)
def test_who_it_was(
    fields: dict[str, str], kind: SenderKind, address: str | None, status: int
) -> None:
    draft = to_draft(parse(LEAST | fields, TODAY), TYPED)
    assert draft.sender.kind is kind
    assert draft.sender.address == address
    statuses = (None, ReporterStatus.KNOWN, ReporterStatus.WITHHELD, ReporterStatus.UNKNOWN)
    assert draft.reporter_status is statuses[status]


def test_the_least_slip_is_enough() -> None:
    draft = to_draft(parse(LEAST, TODAY), TYPED)
    assert draft.channel is Channel.LETTER
    assert draft.text_raw == LEAST["text"]
    assert draft.place_code is None
    assert not draft.hide_identity
    assert not draft.hide_content


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"source": ""}, "source"),
        ({"source": "sms"}, "source"),
        ({"text": " \n "}, "text"),
        ({"text": "a" * (MAX_TEXT_CHARS + 1)}, "text"),
        ({"received_on": "10/11/2026"}, "received_on"),
        ({"received_on": "besok"}, "received_on"),
        ({"received_on": "1/1/1999"}, "received_on"),
        ({"written_on": "11/13/2026"}, "written_on"),
        ({"written_on": "9/11/2026", "received_on": "8/11/2026"}, "written_on"),
        ({"phone": "hubungi Bu RT"}, "phone"),
        ({"email": "sri"}, "email"),
        ({"nik": "3521"}, "nik"),
        ({"name": "a" * 201}, "name"),
        ({"reporter": "gave"}, "reporter"),
        ({"reporter": "withheld", "phone": "0812 0000 0101"}, "reporter"),
        ({"reporter": "unknown", "name": "Sri Contoh"}, "reporter"),
        ({"reporter": "?"}, "reporter"),
        ({"place_code": "Paron"}, "place_code"),
    ],
)
def test_each_fault_is_told_in_a_sentence_of_ours(fields: dict[str, str], at_fault: str) -> None:
    found = problems(**fields)
    assert list(found) == [at_fault]
    assert found[at_fault].endswith((".", "?"))
    assert "should" not in found[at_fault]
    assert "Input" not in found[at_fault]


def test_all_faults_at_once() -> None:
    assert set(problems(text="", received_on="x", nik="1")) == {"text", "received_on", "nik"}


def test_a_nik_may_be_written_in_groups() -> None:
    slip = parse(LEAST | {"nik": "3521 0101 0190 0001"}, TODAY)
    assert slip.nik == "3521010101900001"
