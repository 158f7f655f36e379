"""The gazetteer holds the official list, whole."""

import csv
import tomllib
from collections import Counter

import pytest

from normalizer.gazetteer import load_gazetteer
from normalizer.lexicon import load_lexicon, read_data

GAZETTEER = load_gazetteer()


def test_the_whole_list_is_there() -> None:
    levels = Counter(region.level for region in GAZETTEER.by_code.values())
    assert levels == {"regency": 1, "kecamatan": 19, "village": 217}
    rows = list(csv.DictReader(read_data("ngawi_wilayah.csv").splitlines()))
    assert {row["kode"] for row in rows} | {"35.21"} == set(GAZETTEER.by_code)


def test_every_kecamatan_shares_its_name_with_a_village() -> None:
    for region in GAZETTEER.by_code.values():
        if region.level == "kecamatan":
            key = region.name.lower().replace(" ", "")
            assert any(r.level == "village" for r in GAZETTEER.by_key[key])


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("jeblogn", ("jeblogan",)),
        ("jebolgan", ("jeblogan",)),
        ("jjeblogan", ("jeblogan",)),
        ("keblogan", ("jeblogan",)),
        ("jeblogan", ("jeblogan",)),
        ("jblogn", ()),
        ("simmo", ()),
        ("", ()),
    ],
)
def test_one_slip_is_forgiven_in_long_names(written: str, known: tuple[str, ...]) -> None:
    assert GAZETTEER.nearly(written) == known


def test_ordinary_words_are_names_and_say_why() -> None:
    ordinary = tomllib.loads(read_data("places.toml"))["ordinary"]
    names = {key for key in GAZETTEER.by_key if key in ordinary}
    assert set(ordinary) == names
    assert all(reason for reason in ordinary.values())


def test_data_files_tell_source_and_version() -> None:
    for name in ("words.toml", "places.toml", "classes.toml", "categories.toml"):
        data = tomllib.loads(read_data(name))
        assert data["source"]
        assert data["version"]
    assert GAZETTEER.version
    assert "MIT License" in read_data("README.md")


def test_the_two_languages_share_no_telling_word() -> None:
    lexicon = load_lexicon()
    assert lexicon.indonesian.isdisjoint(lexicon.javanese)
