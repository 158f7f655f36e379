"""What is sealed opens with the right key only, and keys can be changed."""

import stat
from pathlib import Path

import pytest

from gateway.errors import CannotOpen, KeyMissing
from gateway.sealing import (
    load_opener,
    load_reporter_key,
    load_sealer,
    new_key_pair,
    new_reporter_key,
)
from normalizer.event import PrivatePart

PRIVATE = PrivatePart(
    name="Sri Rejeki Contoh",
    phone="+6281200009001",
    raw="NGAWI jalan rusak",
    raw_encoding="utf-8",
    raw_media_type="text/plain",
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    new_key_pair(directory / "public.json", directory / "private")
    return directory


def test_round_trip_and_nothing_shows(keys: Path) -> None:
    sealed = load_sealer(keys / "public.json").seal(PRIVATE)
    assert "Sri" not in sealed
    assert load_opener(keys / "private").open(sealed) == PRIVATE


def test_same_content_never_looks_the_same(keys: Path) -> None:
    sealer = load_sealer(keys / "public.json")
    assert sealer.seal(PRIVATE) != sealer.seal(PRIVATE)


def test_old_records_open_after_a_new_key(tmp_path: Path) -> None:
    first = new_key_pair(tmp_path / "public.json", tmp_path / "private")
    before = load_sealer(tmp_path / "public.json").seal(PRIVATE)
    second = new_key_pair(tmp_path / "public.json", tmp_path / "private")
    after = load_sealer(tmp_path / "public.json").seal(PRIVATE)
    assert first != second
    opener = load_opener(tmp_path / "private")
    assert opener.open(before) == opener.open(after) == PRIVATE


def test_another_key_does_not_open(keys: Path, tmp_path: Path) -> None:
    sealed = load_sealer(keys / "public.json").seal(PRIVATE)
    new_key_pair(tmp_path / "public.json", tmp_path / "private")
    with pytest.raises(CannotOpen, match="no private key"):
        load_opener(tmp_path / "private").open(sealed)


@pytest.mark.parametrize("damage", ["", "a", "a.b.c.d.e", "é.b.c.d.e"])
def test_damaged(keys: Path, damage: str) -> None:
    with pytest.raises(CannotOpen):
        load_opener(keys / "private").open(damage)


def test_tampered_is_refused(keys: Path) -> None:
    head, key, iv, text, tag = load_sealer(keys / "public.json").seal(PRIVATE).split(".")
    flipped = ("A" if text[0] != "A" else "B") + text[1:]
    with pytest.raises(CannotOpen):
        load_opener(keys / "private").open(".".join((head, key, iv, flipped, tag)))


def test_private_files_are_for_the_owner_only(keys: Path) -> None:
    for file in (keys / "private").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_connectors_do_not_take_a_private_key(keys: Path) -> None:
    private = next((keys / "private").iterdir())
    with pytest.raises(KeyMissing, match="connectors get the public file only"):
        load_sealer(private)


def test_missing_keys_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="gateway keys new"):
        load_sealer(tmp_path / "public.json")
    with pytest.raises(KeyMissing, match="gateway keys new"):
        load_opener(tmp_path)
    with pytest.raises(KeyMissing, match="gateway keys new"):
        load_reporter_key(tmp_path / "reporter.key")


def test_reporter_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "reporter.key"
    new_reporter_key(path)
    first = load_reporter_key(path)
    new_reporter_key(path)
    assert load_reporter_key(path) == first
    assert len(first) == 32


@pytest.mark.parametrize("content", ["zz", "ab", "ab" * 31])
def test_weak_reporter_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "reporter.key"
    path.write_text(content, encoding="ascii")
    with pytest.raises(KeyMissing):
        load_reporter_key(path)
