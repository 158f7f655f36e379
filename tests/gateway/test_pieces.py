"""Which pieces make an item, and when: each of them ends up in exactly one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.pieces import Pieces
from normalizer.draft import Piece, SourceRef
from normalizer.event import Relation
from tests.pieces_bench import NOW, a_piece, at, opened, publish, texts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pieces.db"


@pytest.fixture
async def pieces(path: Path) -> AsyncIterator[Pieces]:
    made = await opened(path)
    yield made
    await made.close()


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (3, 3, 2, 2, 1)])
async def test_the_last_piece_makes_the_item(pieces: Pieces, order: tuple[int, ...]) -> None:
    for number in order[:-1]:
        assert await pieces.add(a_piece(number, total=3), NOW) is None
    draft = await publish(pieces, await pieces.add(a_piece(order[-1], total=3), NOW))
    assert draft.text_raw == "bagian 1|bagian 2|bagian 3"
    assert not draft.incomplete
    assert await pieces.ripe(at(10_000)) == []


async def test_keys_accounts_and_channels_are_kept_apart(pieces: Pieces) -> None:
    one, other = a_piece(1), a_piece(2)
    assert await pieces.add(one, NOW) is None
    assert await pieces.add(a_piece(2, key="+6281200009002 7"), NOW) is None
    elsewhere = replace(other, draft=replace(other.draft, account="kota"))
    assert await pieces.add(elsewhere, NOW) is None
    assert await pieces.add(other, NOW) is not None


async def test_waiting_ends_and_what_came_is_published_incomplete(pieces: Pieces) -> None:
    await pieces.add(a_piece(2, total=3), NOW)
    await pieces.add(a_piece(3, total=3), at(599))
    assert await pieces.ripe(at(599)) == []
    (ripe,) = await pieces.ripe(at(600))
    assert (ripe.draft.text_raw, ripe.draft.incomplete) == ("bagian 2|bagian 3", True)
    await pieces.published(ripe.group, at(600))
    assert await pieces.ripe(at(10_000)) == []


async def test_without_a_total_the_end_of_waiting_is_the_usual_end(pieces: Pieces) -> None:
    await pieces.add(a_piece(1, total=None), NOW)
    assert await pieces.add(a_piece(2, total=None), at(5)) is None
    (ripe,) = await pieces.ripe(at(600))
    assert (ripe.draft.text_raw, ripe.draft.incomplete) == ("bagian 1|bagian 2", False)


async def test_a_piece_that_restarts_the_waiting(pieces: Pieces) -> None:
    def event(number: int, wait_seconds: float) -> Piece:
        return a_piece(number, total=None, restarts=True, wait_seconds=wait_seconds)

    await pieces.add(event(1, 100), NOW)
    await pieces.add(event(3, 10), at(50))
    # A late "started" does not make an ended call wait as a started one does.
    await pieces.add(event(2, 100), at(55))
    assert await pieces.ripe(at(64)) == []
    assert texts(await pieces.ripe(at(65))) == ["bagian 1|bagian 2|bagian 3"]


async def test_a_late_piece_is_a_supplement(pieces: Pieces) -> None:
    await pieces.add(a_piece(1, total=3), NOW)
    (early,) = await pieces.ripe(at(600))
    await pieces.published(early.group, at(600))
    late = await publish(pieces, await pieces.add(a_piece(3, total=3), at(700)), at(700))
    item_id = early.draft.source_id
    assert late.text_raw == "bagian 3"
    assert late.source_id == f"{item_id}:3"
    assert late.relates_to == SourceRef(source_id=str(item_id), relation=Relation.SUPPLEMENT)
    for number in (1, 3):
        assert await pieces.add(a_piece(number, total=3), at(800)) is None
    assert await pieces.ripe(at(10_000)) == []


async def test_a_late_piece_survives_a_failed_publishing(pieces: Pieces) -> None:
    await pieces.add(a_piece(1), NOW)
    (early,) = await pieces.ripe(at(600))
    await pieces.published(early.group, at(600))
    late = await pieces.add(a_piece(2), at(700))
    assert late is not None
    assert await pieces.add(a_piece(2), at(701)) is None
    assert await pieces.ripe(at(800)) == [late]


async def test_a_piece_that_comes_while_its_item_is_published_is_not_erased(
    pieces: Pieces,
) -> None:
    await pieces.add(a_piece(1), NOW)
    (ripe,) = await pieces.ripe(at(600))
    late = await pieces.add(a_piece(2), at(600))
    await pieces.published(ripe.group, at(600))
    assert (await publish(pieces, late)).text_raw == "bagian 2"


async def test_repeats_change_nothing(pieces: Pieces) -> None:
    await pieces.add(a_piece(1, source_id="a"), NOW)
    # The same delivery again, and the same words under an id that the provider made anew.
    assert await pieces.add(a_piece(1, "rusak di jalan", source_id="a"), NOW) is None
    assert await pieces.add(a_piece(1, source_id="b"), NOW) is None
    draft = await publish(pieces, await pieces.add(a_piece(2, source_id="c"), NOW))
    assert draft.text_raw == "bagian 1|bagian 2"
    for number, source_id in ((1, "a"), (2, "c"), (2, "d"), (1, "e")):
        assert await pieces.add(a_piece(number, source_id=source_id), at(60)) is None
    assert await pieces.ripe(at(10_000)) == []


async def test_one_piece_repeated_after_its_item_is_forgotten_in_the_end(pieces: Pieces) -> None:
    await pieces.add(a_piece(1), NOW)
    await publish(pieces, await pieces.add(a_piece(2), NOW))
    assert await pieces.add(a_piece(2), at(60)) is None
    assert await pieces.ripe(at(700)) == []


async def test_a_reference_that_comes_round(pieces: Pieces) -> None:
    await pieces.add(a_piece(1, "A1"), NOW)
    await pieces.add(a_piece(2, "A2"), NOW)
    await pieces.add(a_piece(2, "B2"), at(60))
    draft = await publish(pieces, await pieces.add(a_piece(1, "B1"), at(61)))
    assert draft.text_raw == "B1|B2"


async def test_a_reference_used_again_while_the_first_still_waits(pieces: Pieces) -> None:
    await pieces.add(a_piece(1, "A1"), NOW)
    await pieces.add(a_piece(1, "B1"), at(60))
    draft = await publish(pieces, await pieces.add(a_piece(2, "B2"), at(61)))
    assert draft.text_raw == "B1|B2"
    draft = await publish(pieces, await pieces.add(a_piece(2, "A2"), at(62)))
    assert draft.text_raw == "A1|A2"


async def test_a_new_message_that_begins_like_the_last_one(pieces: Pieces) -> None:
    """Phones that always use one reference: the equal beginning is no repeat."""
    await pieces.add(a_piece(1, "Jalan rusak di "), NOW)
    await publish(pieces, await pieces.add(a_piece(2, "Paron"), NOW))
    assert await pieces.add(a_piece(1, "Jalan rusak di "), at(3600)) is None
    draft = await publish(pieces, await pieces.add(a_piece(2, "Kendal"), at(3601)))
    assert draft.text_raw == "Jalan rusak di |Kendal"


async def test_an_item_that_the_platform_names(pieces: Pieces) -> None:
    def of_album(number: int, text: str, source_id: str | None = None) -> Piece:
        return a_piece(number, text, total=None, item_id="album-1", source_id=source_id)

    await pieces.add(of_album(1, "foto"), NOW)
    (ripe,) = await pieces.ripe(at(600))
    assert (await publish(pieces, ripe)).source_id == "album-1"
    # The same number says something else: the name is never used again, so it adds to the item.
    other = await publish(pieces, await pieces.add(of_album(1, "foto lain"), at(700)))
    assert (other.source_id or "").startswith("album-1:1:")
    assert other.relates_to == SourceRef(source_id="album-1", relation=Relation.SUPPLEMENT)
    assert await pieces.add(of_album(1, "foto"), at(800)) is None
    assert await pieces.ripe(at(10_000)) == []
