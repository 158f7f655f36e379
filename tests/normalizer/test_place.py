"""Places: every reading kept, the code no lower than what is certain."""

import pytest
from hypothesis import given

from normalizer.event import PlacePrecision
from normalizer.gazetteer import load_gazetteer, suggest
from normalizer.landmark import find_landmark
from normalizer.pii import tokenize
from normalizer.place import Hints, find_place, is_region_code
from normalizer.text import Words
from tests.normalizer.strategies import any_text, quick, texts

GAZETTEER = load_gazetteer()

REGENCY = "35.21"
PARON = "35.21.10"
BABADAN_PARON = "35.21.10.2002"
JEBLOGAN = "35.21.10.2011"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # Named in full, in every spelling and order.
        ("jalan rusak di desa Babadan kecamatan Paron", BABADAN_PARON),
        ("ds. babadan kec. paron gelap", BABADAN_PARON),
        ("Ds Babadan, Kcmtn Paron", BABADAN_PARON),
        ("Kec. Paron, Desa Babadan", BABADAN_PARON),
        ("Babadan, Paron: banjir", BABADAN_PARON),
        ("DESA BABADAN KECAMATAN PARON", BABADAN_PARON),
        ("jalan desa Babadan rusak, mohon pak camat Paron", BABADAN_PARON),
        ("di desa Babadan jalan rusak. Lokasi Paron", BABADAN_PARON),
        ("desa Paron kec Paron", "35.21.10.2007"),
        ("desa Widodaren Gerih", "35.21.18.2002"),
        ("desa Kasreman, Kec. Geneng", "35.21.05.2013"),
        ("Kelurahan Pelem", "35.21.09.1016"),
        ("kel. Karang Tengah", "35.21.09.1014"),
        ("desa Karangtengah Prandon", "35.21.09.2011"),
        ("desa Ngawi kec Ngawi", "35.21.09.2010"),
        ("desa Banyuwurip", "35.21.09.2005"),
        ("warga Jeblogan resah", JEBLOGAN),
        ("Beran Ngawi banjir", "35.21.09.2006"),
        # The kecamatan is certain and no more.
        ("lampu mati di Paron", PARON),
        ("lampu mati di Karang Jati", "35.21.07"),
        ("kec. Ngerambe", "35.21.02"),
        ("kecamatan Widodaren", "35.21.12"),
        ("Kec. Ngawi", "35.21.09"),
        ("desa Pelang banjir, kec Kedunggalar", "35.21.11"),
        ("desa Gelung dan desa Jeblogan", PARON),
        # Only the regency is.
        ("warga Widodaren", REGENCY),
        ("desa Widodaren", REGENCY),
        ("desa Babadan", REGENCY),
        ("Babadan dan Jogorogo", REGENCY),
        ("Kab. Ngawi", REGENCY),
        ("di Ngawi gelap", REGENCY),
        ("Ngawi kota banjir", REGENCY),
        ("kota Ngawi banjir", REGENCY),
        ("jalan Paron-Jogorogo rusak", REGENCY),
        ("jl raya Karangjati rusak", REGENCY),
        ("dusun Babadan", REGENCY),
        # Nothing is.
        ("", None),
        ("jalan rusak", None),
        ("jalane rusak banget", None),
        ("ambil pitu karung semen di pojok", None),
        ("lapor pak Paron", None),
        ("Kabupaten Madiun desa Sidorejo", None),
        ("Kota Semarang kelurahan Sambiroto", None),
        ("desa tawun kec bangilan", None),
        ("Kelurahan Kebon Melati", None),
        ("kecamatan kami belum ada", None),
    ],
)
def test_code(text: str, code: str | None) -> None:
    assert find_place(Words(text), GAZETTEER).code == code


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "desa babadan",
            {
                "Desa Babadan, Kec. Ngrambe",
                "Desa Babadan, Kec. Paron",
                "Desa Babadan, Kec. Pangkur",
            },
        ),
        ("Paron", {"Kec. Paron", "Desa Paron, Kec. Paron"}),
        (
            "Widodaren",
            {"Kec. Widodaren", "Desa Widodaren, Kec. Widodaren", "Desa Widodaren, Kec. Gerih"},
        ),
        ("Ngawi kota", {"Kab. Ngawi", "Kec. Ngawi"}),
        ("desa Babadan kec Paron", {"Desa Babadan, Kec. Paron"}),
        (
            "desa Pelang",
            {"Desa Pelang Kidul, Kec. Kedunggalar", "Desa Pelang Lor, Kec. Kedunggalar"},
        ),
        ("desa Jeblogn", {"Desa Jeblogan, Kec. Paron"}),
        ("Kabupaten Magetan desa Simo", {"Desa Simo, Kec. Kendal", "Desa Simo, Kec. Kwadungan"}),
    ],
)
def test_every_reading_is_a_candidate(text: str, names: set[str]) -> None:
    assert {c.name for c in find_place(Words(text), GAZETTEER).candidates} == names


def test_a_misspelt_name_decides_only_with_its_kecamatan() -> None:
    alone = find_place(Words("desa Jeblogn gelap"), GAZETTEER)
    confirmed = find_place(Words("desa Jeblogn kec Paron gelap"), GAZETTEER)
    assert (alone.code, confirmed.code) == (REGENCY, JEBLOGAN)
    assert confirmed.candidates[0].score < 1


def test_the_full_name_scores_one_and_shares_are_divided() -> None:
    full = find_place(Words("desa Babadan kec Paron"), GAZETTEER).candidates
    shared = find_place(Words("desa Babadan"), GAZETTEER).candidates
    assert [c.score for c in full] == [1.0]
    assert [c.score for c in shared] == [0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("text", "segments", "code"),
    [
        ("PARON, BABADAN, jalan rusak", ("PARON", "BABADAN", "jalan rusak"), BABADAN_PARON),
        ("PITU, jembatan roboh", ("PITU", "jembatan roboh"), "35.21.16"),
        ("PITU, KALANG, banjir", ("PITU", "KALANG", "banjir"), "35.21.16.2001"),
    ],
)
def test_a_field_of_its_own_is_a_name(text: str, segments: tuple[str, ...], code: str) -> None:
    assert find_place(Words(text), GAZETTEER, Hints(segments=segments)).code == code


def test_the_keyword_is_evidence_of_the_regency_only() -> None:
    hints = Hints(regency_named=True)
    assert find_place(Words("jalan rusak"), GAZETTEER, hints).precision is PlacePrecision.REGENCY
    assert find_place(Words("desa Jeblogan"), GAZETTEER, hints).code == JEBLOGAN


def test_a_chosen_code_is_believed() -> None:
    chosen = find_place(Words("desa Jeblogan"), GAZETTEER, Hints(code=BABADAN_PARON))
    elsewhere = find_place(Words(""), GAZETTEER, Hints(code="33.13.01"))
    assert (chosen.code, chosen.precision) == (BABADAN_PARON, PlacePrecision.VILLAGE)
    assert [c.name for c in chosen.candidates] == ["Desa Babadan, Kec. Paron"]
    assert (elsewhere.code, elsewhere.precision) == ("33.13.01", PlacePrecision.KECAMATAN)
    assert elsewhere.candidates == ()


@pytest.mark.parametrize("region", [r for r in GAZETTEER.by_code.values() if r.level == "village"])
def test_each_village_is_found_by_its_full_name(region: object) -> None:
    label = getattr(region, "label")  # noqa: B009 - parametrize loses the type
    place = find_place(Words(f"jalan rusak di {label} mohon diperbaiki"), GAZETTEER)
    assert place.code == getattr(region, "code")  # noqa: B009


@quick
@given(texts)
def test_the_code_is_above_or_at_every_firm_candidate(text: str) -> None:
    place = find_place(Words(text), GAZETTEER)
    assert (place.code is None) == (place.precision is PlacePrecision.NONE)
    if place.precision is PlacePrecision.VILLAGE:
        assert place.candidates[0].code == place.code


@pytest.mark.parametrize(
    ("text", "landmark"),
    [
        ("jalan raya Paron rusak", "jalan raya Paron"),
        ("RT 03 RW 02 gelap", "RT 03, RW 02"),
        ("rt.03/rw.02 gelap", "rt.03, rw.02"),
        ("rt03 rw02 gelap", "rt03, rw02"),
        ("Jl. Ahmad Yani No 5 berlubang", "Jl. Ahmad Yani No 5"),
        ("dusun Krajan, depan balai desa gelap", "dusun Krajan, depan balai desa"),
        ("lampu dekat pasar mati. Sebelah barat masjid", "dekat pasar, Sebelah barat masjid"),
        ("jalan rusak", None),
        ("", None),
    ],
)
def test_landmarks(text: str, landmark: str | None) -> None:
    assert find_landmark(Words(text), GAZETTEER.words) == landmark


def test_a_landmark_shows_no_personal_data() -> None:
    text = tokenize("dekat rumah 081200001234 Paron")[0]
    assert find_place(Words(text), GAZETTEER).landmark == "dekat rumah"


@pytest.mark.parametrize(
    ("prefix", "first"),
    [
        ("jeb", "Desa Jeblogan, Kec. Paron"),
        ("babadan par", "Desa Babadan, Kec. Paron"),
        ("paron", "Kec. Paron"),
        ("kec par", "Kec. Paron"),
        ("karang jati", "Kec. Karangjati"),
        ("jebolgan", "Desa Jeblogan, Kec. Paron"),
        ("kelurahan pel", "Kelurahan Pelem, Kec. Ngawi"),
        ("widodaren ger", "Desa Widodaren, Kec. Gerih"),
        ("ngawi", "Kab. Ngawi"),
    ],
)
def test_suggest(prefix: str, first: str) -> None:
    assert suggest(prefix, GAZETTEER)[0].name == first


def test_suggest_offers_all_of_one_name_and_keeps_the_limit() -> None:
    names = [c.name for c in suggest("Babadan", GAZETTEER, limit=3)]
    assert sorted(names) == [
        "Desa Babadan, Kec. Ngrambe",
        "Desa Babadan, Kec. Pangkur",
        "Desa Babadan, Kec. Paron",
    ]
    assert suggest("", GAZETTEER) == ()
    assert suggest("zzzzzz", GAZETTEER) == ()


@quick
@given(any_text)
def test_suggest_takes_any_text(text: str) -> None:
    assert len(suggest(text, GAZETTEER, limit=4)) <= 4


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("35.21", True),
        ("35.21.10", True),
        ("35.21.10.2002", True),
        ("35", False),
        ("35.21.1", False),
        ("35.21\n", False),
        ("３５.２１", False),
        (None, False),
    ],
)
def test_is_region_code(code: str | None, valid: bool) -> None:
    assert is_region_code(code) is valid
