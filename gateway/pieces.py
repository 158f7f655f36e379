"""Where pieces of items wait for each other: long SMS, albums, the events of a call.

Durable before a source is told that its piece is kept, shared by the intake processes of one
machine, and sealed with a key made of the reporter key: disk and backups show nothing. An item is
joined again for every try to publish it, under an id that was fixed when its first piece came, so
that a crash at any moment repeats it under the same id.
"""

import asyncio
import hmac
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, assert_never

import apsw
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gateway.errors import CannotOpen, LogUnavailable, NotKept
from gateway.intake import Intake, Joiner, Ripe
from gateway.log.factory import made_data_dir
from gateway.metrics import PIECES_JOINED, PIECES_WAITING
from gateway.pieces_file import PieceFile
from gateway.pieces_rows import Arrival, Taken
from gateway.pieces_rules import Kind, Repeat, Seen
from gateway.sealing import load_reporter_key
from gateway.settings import ConfigFile, LogSettings, NormalizerSettings
from normalizer.draft import Draft, Gathering, Piece, SourceRef
from normalizer.event import Channel, Relation

log = logging.getLogger(__name__)

T = TypeVar("T")

#: An item whose time has come is published within this time.
LOOK_EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

_HEADER = {"alg": "dir", "enc": "A256GCM"}
#: The disk, the file or, after ``close``, the thread is away.
_AWAY = (apsw.Error, OSError, RuntimeError)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# In a tuple, since a type adapter takes no settings for a dataclass itself.
_PIECE = TypeAdapter(
    tuple[Piece], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
)


class Box:
    """Seals what pieces say and hashes what they are called, with keys made of one secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(hmac.digest(secret, b"pieces: content", "sha256"))
        self._names = hmac.digest(secret, b"pieces: names", "sha256")

    def seal(self, plain: bytes) -> str:
        """A compact JWE."""
        return jwe.encrypt_compact(_HEADER, plain, self._key, algorithms=list(_HEADER.values()))

    def open(self, sealed: str) -> bytes:
        """What was sealed.

        Raises:
            CannotOpen: with another secret, or damaged.
        """
        try:
            found = jwe.decrypt_compact(sealed, self._key, algorithms=list(_HEADER.values()))
        except (JoseError, ValueError) as error:
            raise CannotOpen(f"a piece cannot be opened ({type(error).__name__})") from None
        return found.plaintext or b""

    def name(self, *parts: str) -> bytes:
        """A hash that is the same for the same parts, and tells nothing of them."""
        return self.digest(json.dumps(parts).encode())

    def digest(self, data: bytes) -> bytes:
        """The same for bytes."""
        return hmac.digest(self._names, data, "sha256")


class Pieces:
    """Implements ``gateway.intake.PieceStore``."""

    def __init__(
        self,
        path: Path,
        secret: bytes,
        joiners: Mapping[Channel, Joiner],
        *,
        busy_seconds: float = 3.0,
    ) -> None:
        self._path = path
        self._file = PieceFile(path, busy_seconds)
        self._box = Box(secret)
        self._joiners = joiners
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pieces")

    async def open(self) -> None:
        """Make the file, or open it.

        Raises:
            LogUnavailable: it is not ours, or cannot be written.
        """
        try:
            await self._in_thread(self._file.open)
        except _AWAY as error:
            raise LogUnavailable(
                f"the waiting pieces in {self._path} cannot be opened ({type(error).__name__}): "
                "check that the folder is writable and is on a local disk with room"
            ) from None

    async def close(self) -> None:
        """Finish what was begun and let go; never raises."""
        await self._in_thread(self._file.close)
        self._thread.shutdown(wait=False)

    async def add(self, piece: Piece, now: datetime) -> Ripe | None:
        """See ``PieceStore.add``."""
        return await self._kept(lambda: self._add(piece, _milliseconds(now)))

    async def ripe(self, now: datetime) -> Sequence[Ripe]:
        """See ``PieceStore.ripe``. What was returned is not returned again for half a minute."""
        return await self._kept(lambda: self._ripe(_milliseconds(now)))

    async def published(self, group: str, now: datetime) -> None:
        """See ``PieceStore.published``."""
        try:
            await self._in_thread(lambda: self._published(int(group), _milliseconds(now)))
        except _AWAY as error:
            log.warning("pieces.not_erased", extra={"error": type(error).__name__})

    def _add(self, piece: Piece, now_ms: int) -> Ripe | None:
        place, taken = self._file.add(self._arrival(piece), now_ms)
        if isinstance(place, Repeat):
            PIECES_JOINED.labels(piece.channel, "repeat").inc()
        return None if taken is None else self._made(taken, now_ms)

    def _ripe(self, now_ms: int) -> Sequence[Ripe]:
        made = [self._made(taken, now_ms) for taken in self._file.due(now_ms)]
        PIECES_WAITING.set(self._file.waiting())
        return [one for one in made if one is not None]

    def _published(self, group: int, now_ms: int) -> None:
        known = self._file.published(group, now_ms)
        if known is not None:
            channel, kind, is_short = known
            if kind is Kind.WHOLE:
                outcome = "incomplete" if is_short else "joined"
            else:
                outcome = "late" if kind is Kind.LATE else "incomplete"
            PIECES_JOINED.labels(channel, outcome).inc()

    def _arrival(self, piece: Piece) -> Arrival:
        said = piece.data or piece.raw
        source = None if piece.source_id is None else self._box.name(piece.source_id)
        return Arrival(
            name=self._box.name(piece.channel, piece.account, piece.key),
            channel=piece.channel,
            seen=Seen(piece.number, self._box.digest(said), source),
            sealed=self._box.seal(_PIECE.dump_json((piece,))),
            item_id=self._box.seal((piece.item_id or uuid.uuid4().hex).encode()),
            total=piece.total,
            wait_ms=int(piece.wait_seconds * 1000),
            restarts=piece.restarts,
            named=piece.item_id is not None,
        )

    def _made(self, taken: Taken, now_ms: int) -> Ripe | None:
        """The item of the pieces; None when it goes in another way, or waits for its key."""
        pieces, unreadable = self._opened(taken)
        try:
            item_id = self._box.open(taken.item_id).decode()
        except CannotOpen:
            pieces = []
        if unreadable or not pieces:
            log.error(
                "pieces.unreadable",
                extra={"channel": taken.channel, "count": len(unreadable), "group": taken.group},
            )
        if not pieces:
            self._file.set_aside(taken.group)
            return None
        if unreadable:
            self._file.part(taken.group, unreadable, now_ms, unreadable=True)
        try:
            draft = self._draft(taken, item_id, pieces)
        except Exception as error:
            # A fault of our reading must lose nothing: every piece goes on its own.
            log.exception(
                "pieces.not_joined",
                extra={"channel": taken.channel, "error": type(error).__name__},
            )
            numbers = [piece.number for piece in pieces]
            self._file.part(taken.group, numbers, now_ms, unreadable=False)
            return None
        return Ripe(str(taken.group), draft)

    def _opened(self, taken: Taken) -> tuple[list[Piece], list[int]]:
        """The pieces, and the numbers of those that cannot be read."""
        pieces, unreadable = [], []
        for number, sealed in taken.pieces:
            try:
                pieces.append(_PIECE.validate_json(self._box.open(sealed))[0])
            except (CannotOpen, ValidationError):
                unreadable.append(number)
        return pieces, unreadable

    def _draft(self, taken: Taken, item_id: str, pieces: Sequence[Piece]) -> Draft:
        source_id = f"{item_id}:{taken.label}"
        match taken.kind:
            case Kind.WHOLE:
                complete = taken.total is None or len(pieces) == taken.total
                gathering = Gathering(item_id=item_id, pieces=tuple(pieces), complete=complete)
                return self._joiners[Channel(taken.channel)](gathering)
            case Kind.LATE:
                related = SourceRef(source_id=item_id, relation=Relation.SUPPLEMENT)
                return replace(pieces[0].draft, source_id=source_id, relates_to=related)
            case Kind.ALONE:
                return replace(pieces[0].draft, source_id=source_id, incomplete=True)
        assert_never(taken.kind)

    async def _kept(self, work: Callable[[], T]) -> T:
        try:
            return await self._in_thread(work)
        except _AWAY as error:
            raise NotKept(
                f"the waiting pieces cannot be written ({type(error).__name__}): check disk space"
            ) from None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def tend(
    intake: Intake,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    every_seconds: float = LOOK_EVERY_SECONDS,
) -> None:
    """Publish items whose waiting is over, until cancelled; a task of every intake process."""
    pause = every_seconds
    while True:
        try:
            await intake.publish_ripe()
        except NotKept as fault:
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.warning(
                "pieces.not_published",
                extra={"error": type(fault).__name__, "delay_seconds": pause},
            )
        else:
            pause = every_seconds
        await sleep(pause)


def make_pieces(config: ConfigFile, joiners: Mapping[Channel, Joiner]) -> Pieces:
    """The store of the settings, not yet open.

    Raises:
        Misconfigured: the data directory cannot be made, or the reporter key is missing.
    """
    return Pieces(
        made_data_dir(config) / "pieces.db",
        load_reporter_key(config.load(NormalizerSettings).reporter_key_file),
        joiners,
        # As for the log: a little less long than the answer may take.
        busy_seconds=config.load(LogSettings).append_timeout_seconds * 0.75,
    )


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
