"""An album is one complaint, whichever way its pictures come, on the real store of pieces."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.telegram.album import join_album
from gateway.intake import Intake
from gateway.pieces import Pieces
from gateway.sealing import load_sealer
from normalizer.draft import Gathering, Piece
from normalizer.event import Channel, ComplaintEvent, Relation
from normalizer.identity import platform_complaint_id
from normalizer.normalize import Context
from tests.connectors.telegram.bots import SRI, Json, photo, reader
from tests.connectors.telegram.conftest import Telegram
from tests.connectors.telegram.driving import confirmed, driving, make
from tests.intake_bench import TOPICS, Bench, Keys

ALBUM = "12543417770506682"


class Clock:
    """Pieces wait by it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 15, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def whole(bench: Bench, keys: Keys, tmp_path: Path, clock: Clock) -> AsyncIterator[Bench]:
    """The bench with a store of pieces behind its door."""
    pieces = Pieces(tmp_path / "pieces.db", b"s" * 32, {Channel.TELEGRAM: join_album})
    await pieces.open()
    intake = Intake(
        bench.log,  # type: ignore[arg-type]  # it hands everything but append through
        TOPICS,
        Context(reporter_key_secret=b"s" * 32),
        load_sealer(keys.public),
        clock,
        pieces=pieces,
    )
    yield Bench(intake, bench.log, bench.opener)
    await pieces.close()


def pictures(*captions: str | None) -> list[Json]:
    """The messages of one album; None: without a caption."""
    return [
        photo(number, media_group_id=ALBUM, **({"caption": words} if words else {}))
        for number, words in enumerate(captions, start=31)
    ]


def piece(message: Json) -> Piece:
    item = reader().read({"update_id": message["message_id"], "message": message}, b"{}").item
    assert isinstance(item, Piece)
    return item


async def ripe(bench: Bench, clock: Clock, seconds: float = 4.0) -> list[ComplaintEvent]:
    clock.now += timedelta(seconds=seconds)
    await bench.intake.publish_ripe()
    return list(await bench.events())


async def test_an_album_in_any_order_is_one_complaint(whole: Bench, clock: Clock) -> None:
    messages = pictures("Pipa bocor", None, "Rumah tergenang")
    shuffled = [*messages, messages[1]]
    random.Random(7).shuffle(shuffled)
    for one in shuffled:
        await whole.intake.accept(piece(one))
    assert await ripe(whole, clock, 2.0) == []
    (event,) = await ripe(whole, clock)
    assert event.text == "Pipa bocor\nRumah tergenang"
    assert [file.media_id for file in event.attachments] == ["large-31", "large-32", "large-33"]
    expected = platform_complaint_id(Channel.TELEGRAM, "uji", f"{SRI}:album:{ALBUM}")
    assert event.complaint_id == expected


async def test_polled_from_the_bot_api(
    telegram: Telegram, whole: Bench, clock: Clock, tmp_path: Path
) -> None:
    for one in pictures("Pipa bocor", None):
        telegram.api.happen(message=one)
    async with driving(make(telegram, tmp_path), whole):
        await confirmed(telegram.api)
    (event,) = await ripe(whole, clock)
    assert [file.media_id for file in event.attachments] == ["large-31", "large-32"]
    raw = whole.opener.open(event.sealed or "").raw
    assert raw.startswith("[{")
    assert '"message_id": 32' in raw


async def test_a_late_picture_is_an_item_of_its_own_that_belongs_to_the_album(
    whole: Bench, clock: Clock
) -> None:
    first, second = pictures("Pipa bocor", None)
    await whole.intake.accept(piece(first))
    (album,) = await ripe(whole, clock)
    await whole.intake.accept(piece(second))
    late = (await ripe(whole, clock))[-1]
    assert late.complaint_id != album.complaint_id
    assert late.relates_to == album.complaint_id
    assert late.relation is Relation.SUPPLEMENT


@pytest.mark.parametrize(
    ("captions", "text"),
    [
        ((None, None), None),
        (("Sama", "Sama"), "Sama"),
        ((None, "Hanya di sini"), "Hanya di sini"),
    ],
)
def test_captions(captions: tuple[str | None, ...], text: str | None) -> None:
    pieces = tuple(piece(one) for one in pictures(*captions))
    draft = join_album(Gathering(item_id="x", pieces=pieces, complete=True))
    assert draft.text_raw == text
    assert draft.source_id == "x"
    assert draft.reply_path is not None
    assert draft.reply_path.thread == "31"


def test_what_the_album_answers_is_kept_wherever_it_stands() -> None:
    first, second = pictures(None, None)
    second["reply_to_message"] = photo(9, media_group_id="lama")
    pieces = (piece(first), piece(second))
    draft = join_album(Gathering(item_id="x", pieces=pieces, complete=True))
    assert draft.relates_to is not None
    assert draft.relates_to.source_id == f"{SRI}:album:lama"
