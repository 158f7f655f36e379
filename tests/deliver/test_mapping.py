"""What goes out to LAPOR, and above all what does not."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from deliver.entry import make_entry, scrub
from deliver.lapor.assisted import copy_sheet
from deliver.lapor.mapping import create_body, encode_file_ids, place_line, refusal_words
from deliver.settings import LaporSettings
from deliver.target import Identity
from gateway.errors import CannotOpen
from gateway.sealing import Opener, Sealer
from normalizer.event import (
    Classification,
    Place,
    PlaceCandidate,
    PlacePrecision,
    PrivatePart,
    ReporterStatus,
)
from tests.deliver.making import ADDRESS, EMAIL, IDENTITY, NAME, NIK, NOON, PHONE, make_event

JAKARTA = ZoneInfo("Asia/Jakarta")
SETTINGS = LaporSettings(
    channel=13,
    classification_ids={kind: number for number, kind in enumerate(Classification, start=1)},
    disposition_id=151345,
    category_id=15,
    user_id=77,
    tags="#ngawi",
    extra_fields={"is_inbox": False},
)


def body_of(sealer: Sealer, opener: Opener, **changes: object) -> dict[str, object]:
    event = make_event(sealer, **changes)  # type: ignore[arg-type]
    return dict(create_body(make_entry(event, opener, JAKARTA), SETTINGS))


def test_the_whole_body(sealer: Sealer, opener: Opener) -> None:
    event = make_event(sealer, received_at=NOON.replace(hour=17, minute=30))
    assert create_body(make_entry(event, opener, JAKARTA), SETTINGS) == {
        "title": event.title,
        "content": (
            f"[{event.reference}] {event.text}\n\nLokasi: Desa Babadan, Kec. Paron, depan pasar"
        ),
        "channel": 13,
        "is_new_user_slider": True,
        "nameUser": NAME,
        "phoneUser": PHONE,
        "emailUser": EMAIL,
        "is_disposisi_slider": True,
        "classification_id": 1,
        "disposition_id": 151345,
        "category_id": 15,
        "priority_program_id": None,
        "location_id": 34,
        "community_id": None,
        "date_of_incident": "2026-03-03",
        "copy_externals": None,
        "info_disposition": None,
        "info_attachments": None,
        "tags_raw": "#ngawi",
        "is_approval": False,
        "is_anonymous": False,
        "is_secret": False,
        "is_priority": False,
        "attachments": False,
        "is_inbox": False,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"hide_identity": True},
        {"status": ReporterStatus.WITHHELD},
        {"status": ReporterStatus.UNKNOWN},
    ],
)
def test_who_is_hidden_goes_nowhere(
    sealer: Sealer, opener: Opener, changes: dict[str, object]
) -> None:
    body = body_of(sealer, opener, **changes)
    written = json.dumps(body)
    assert not [value for value in IDENTITY if value in written]
    assert (body["is_new_user_slider"], body["user_id"]) == (False, 77)


def test_what_is_hidden_is_not_even_opened(sealer: Sealer) -> None:
    nobody = Opener({})
    make_entry(make_event(sealer, hide_identity=True), nobody, JAKARTA)
    with pytest.raises(CannotOpen):
        make_entry(make_event(sealer), nobody, JAKARTA)


def test_nik_and_address_never_go_out(sealer: Sealer, opener: Opener) -> None:
    written = json.dumps(body_of(sealer, opener))
    assert NIK not in written
    assert ADDRESS not in written


def test_the_flags_are_two_different_things(sealer: Sealer, opener: Opener) -> None:
    for hide_identity, hide_content in ((True, False), (False, True)):
        body = body_of(sealer, opener, hide_identity=hide_identity, hide_content=hide_content)
        assert (body["is_anonymous"], body["is_secret"]) == (hide_identity, hide_content)


def test_a_reporter_known_by_number_only(sealer: Sealer, opener: Opener) -> None:
    private = PrivatePart(phone=PHONE, raw="", raw_encoding="utf-8", raw_media_type="text/plain")
    body = body_of(sealer, opener, private=private)
    assert (body["nameUser"], body["phoneUser"]) == ("Tanpa nama", PHONE)
    assert "emailUser" not in body


def test_the_regencys_own_account_names_nobody(sealer: Sealer, opener: Opener) -> None:
    entry = make_entry(make_event(sealer), opener, JAKARTA)
    own = SETTINGS.model_copy(update={"reporter_as": "own_account"})
    written = json.dumps(create_body(entry, own))
    assert not [value for value in IDENTITY if value in written]


def test_an_uncertain_place_is_said_to_be_uncertain() -> None:
    names = ("Desa Babadan, Kec. Paron", "Desa Babadan, Kec. Pangkur")
    place = Place(
        precision=PlacePrecision.NONE,
        candidates=tuple(
            PlaceCandidate(code=f"35.21.09.200{n}", name=name, level="village", score=0.5)
            for n, name in enumerate(names)
        ),
        gazetteer="test",
    )
    entry = make_entry(make_event(place=place), None, JAKARTA)
    assert place_line(entry) == f"belum pasti, mungkin {names[0]} / {names[1]}"
    assert place_line(replace(entry, place_candidates=())) == ""


def test_a_code_without_candidate_is_named_by_the_gazetteer() -> None:
    place = Place(code="35.21", precision=PlacePrecision.REGENCY, gazetteer="test")
    assert "Ngawi" in place_line(make_entry(make_event(place=place), None, JAKARTA))


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("json_text_with_stop", "[1,2]."), ("json_text", "[1,2]"), ("list", [1, 2])],
)
def test_file_ids_in_every_spelling(encoding: str, expected: object) -> None:
    settings = SETTINGS.model_copy(update={"attachments_encoding": encoding})
    assert encode_file_ids((1, 2), settings) == expected
    assert encode_file_ids((), settings) is False


def test_refusals_in_words() -> None:
    assert refusal_words({"message": "a", "errors": {"title": ["b", "c"]}}) == "a. title: b; c"
    assert refusal_words("plain") == "plain"
    assert refusal_words([1]) == ""


def test_words_that_quote_the_reporter_are_scrubbed() -> None:
    reporter = Identity("Bu", PHONE, EMAIL)
    words = f"nameUser {reporter.name} dengan {PHONE}, {EMAIL}, 0812-0000-0043, {NIK} ditolak"
    scrubbed = scrub(words, reporter)
    for hidden in (" Bu ", PHONE, EMAIL, "0812-0000-0043", NIK):
        assert hidden not in scrubbed
    assert len(scrub("kata " * 1000, None)) == 500


def test_the_sheet_follows_lapors_form(sealer: Sealer, opener: Opener) -> None:
    entry = make_entry(make_event(sealer), opener, JAKARTA)
    plain = copy_sheet(entry, with_identity=False)
    labels = [line.strip("= ") for line in plain.splitlines() if line.startswith("==")]
    assert labels == [
        "Judul", "Isi", "Tanggal Kejadian", "Lokasi Kejadian",
        "Klasifikasi", "Kategori", "Anonim", "Rahasia",
    ]  # fmt: skip
    assert not [value for value in IDENTITY if value in plain]
    assert PHONE in copy_sheet(entry, with_identity=True)
    hidden = replace(entry, hide_identity=True)
    assert PHONE not in copy_sheet(hidden, with_identity=True)
