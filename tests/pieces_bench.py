"""Pieces of items, invented, and a store for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.intake import Joiner, Ripe
from gateway.pieces import Pieces
from normalizer.draft import Draft, Gathering, Piece
from normalizer.event import Channel

SECRET = b"s" * 32
NOW = datetime(2026, 3, 2, 1, 15, 30, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_piece(
    number: int,
    text: str | None = None,
    *,
    total: int | None = 2,
    key: str = "+6281200009001 7",
    source_id: str | None = None,
    item_id: str | None = None,
    restarts: bool = False,
    wait_seconds: float = 600,
) -> Piece:
    text = f"bagian {number}" if text is None else text
    draft = Draft(
        channel=Channel.SMS,
        account="desa",
        raw=text.encode(),
        source_id=source_id,
        text_raw=text,
    )
    return Piece(
        draft=draft,
        key=key,
        number=number,
        total=total,
        wait_seconds=wait_seconds,
        restarts=restarts,
        item_id=item_id,
        data=text.encode(),
        coding="utf-8",
    )


def join(gathering: Gathering) -> Draft:
    text = "|".join(piece.data.decode() for piece in gathering.pieces)
    first = gathering.pieces[0].draft
    return replace(
        first, source_id=gathering.item_id, text_raw=text, incomplete=not gathering.complete
    )


def refuse(gathering: Gathering) -> Draft:
    raise ValueError("no joiner can do this")


async def opened(path: Path, joiner: Joiner = join, secret: bytes = SECRET) -> Pieces:
    made = Pieces(path, secret, {Channel.SMS: joiner}, busy_seconds=1.0)
    await made.open()
    return made


def texts(ripe: Sequence[Ripe]) -> list[str | None]:
    return sorted((one.draft.text_raw for one in ripe), key=str)


async def publish(pieces: Pieces, ripe: Ripe | None, now: datetime = NOW) -> Draft:
    assert ripe is not None
    await pieces.published(ripe.group, now)
    return ripe.draft
