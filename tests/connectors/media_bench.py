"""A real shelf of media behind HTTP, a fetcher as a channel would write it, and a worker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.media_fetching import Fetching
from connectors.media_jobs import MediaJobs
from connectors.media_worker import GROUP, MediaWorker
from gateway.attachments import AttachmentStore
from gateway.blobs import make_blobs
from gateway.contract import Fetched, Fetcher
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, AnswerTooLarge, NoAnswer, NotSent, Outgoing
from gateway.intake import ContentStore
from gateway.log import EventLog
from gateway.ownership import Ownership
from gateway.sealing import load_sealer
from gateway.settings import ConfigFile
from normalizer.draft import Draft, DraftAttachment, Sender, SenderKind
from normalizer.event import Channel
from normalizer.outcome import MediaOutcome
from tests.intake_bench import TOPICS, Bench, Keys
from tests.waiting import eventually

MAX_BYTES = 1_000_000
GIVE_UP = timedelta(hours=72)


@dataclass
class Clock:
    """The time of the test."""

    now: datetime = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Shelf:
    """A server with media. What it answers is told by the test, path by path."""

    base: str = ""
    #: Path to the answers still to be given; the last one stays.
    answers: dict[str, list[web.Response | bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    #: Requests to paths that begin so wait until the test lets them go.
    held: tuple[str, ...] = ()
    release: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    def put(self, path: str, *answers: web.Response | bytes) -> str:
        """The media id of what is found there."""
        self.answers[path] = list(answers)
        return f"{self.base}/{path}"

    async def give(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/")
        self.asked.append(path)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.held and path.startswith(self.held):
                await self.release.wait()
        finally:
            self.at_once -= 1
        left = self.answers.get(path, [web.Response(status=404)])
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="image/jpeg")
        # A response object is sent once.
        return web.Response(status=answer.status, headers=answer.headers)


@asynccontextmanager
async def open_shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    app = web.Application()
    app.router.add_get("/{path:.*}", shelf.give)
    async with TestServer(app, host="127.0.0.1") as server:
        shelf.base = f"http://127.0.0.1:{server.port}"
        yield shelf
        shelf.release.set()


class WebFetcher:
    """As every channel does it: over ``Outgoing``, with the contract's three errors."""

    def __init__(
        self, base: str, channel: Channel = Channel.TELEGRAM, account: str = "bot"
    ) -> None:
        self.channel = channel
        self.account = account
        self.closed = False
        self._outgoing = Outgoing((base,))

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        try:
            answer = await self._outgoing.download(media_id, max_bytes=max_bytes)
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except (NotSent, NoAnswer):
            raise MediaAway from None
        if answer.status == 404:
            raise MediaGone("gone")
        if answer.status != 200:
            raise MediaAway(answer.retry_after_seconds)
        return Fetched(answer.body, answer.headers.get("Content-Type", ""), "Sri-Rejeki.jpg")

    async def close(self) -> None:
        self.closed = True
        await self._outgoing.close()


def item(*media_ids: str, number: int = 1, account: str = "bot", **changes: object) -> Draft:
    """A message with attachments that are to be fetched."""
    values: dict[str, object] = {
        "channel": Channel.TELEGRAM,
        "account": account,
        "raw": b"{}",
        "source_id": f"m-{number}",
        "text_raw": "Jalan rusak di Desa Babadan Kecamatan Paron",
        "sender": Sender(kind=SenderKind.HANDLE, address="contoh-9001", name="Sri Rejeki Contoh"),
        "attachments": tuple(
            DraftAttachment(media_type="image/jpeg", media_id=one, name=None) for one in media_ids
        ),
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


def config(tmp_path: Path, keys: Keys) -> ConfigFile:
    tables = {
        "gateway": {"data_dir": str(tmp_path)},
        "media": {"max_bytes": MAX_BYTES},
        "sealing": {"public_key_file": str(keys.public)},
    }
    return ConfigFile(tmp_path / "gateway.toml", tables)


@dataclass
class MediaBench:
    """What a test of the worker needs at hand."""

    bench: Bench
    tmp_path: Path
    keys: Keys
    shelf: Shelf
    clock: Clock

    def contents(self) -> AttachmentStore:
        blobs = make_blobs(config(self.tmp_path, self.keys))
        return AttachmentStore(blobs, load_sealer(self.keys.public), MAX_BYTES)

    def jobs(self) -> MediaJobs:
        return MediaJobs(self.tmp_path / "media.db")

    def worker(
        self,
        *fetchers: Fetcher,
        contents: ContentStore | None = None,
        event_log: EventLog | None = None,
        jobs: MediaJobs | None = None,
    ) -> MediaWorker:
        fetching = Fetching(
            fetchers or (WebFetcher(self.shelf.base),),
            contents or self.contents(),
            max_bytes=MAX_BYTES,
            give_up_after=GIVE_UP,
            now=self.clock,
        )
        return MediaWorker(
            event_log or self.bench.log,  # type: ignore[arg-type]  # it hands on what it has not
            TOPICS,
            jobs or self.jobs(),
            fetching,
            Ownership(self.tmp_path, GROUP),
            now=self.clock,
            sleep=_a_moment,
            look_seconds=0.02,
        )

    async def outcomes(self) -> Sequence[MediaOutcome]:
        stored = await self.bench.stored(TOPICS.media)
        return [MediaOutcome.from_bytes(one.record.value) for one in stored]

    async def outcome(self) -> MediaOutcome:
        """The one and only, when it has come."""
        (found,) = await eventually(self.outcomes, "an outcome on the log")
        return found

    async def waiting(self) -> int:
        jobs = self.jobs()
        try:
            return await asyncio.to_thread(jobs.count)
        finally:
            jobs.close()

    async def settled(self, count: int = 1) -> None:
        """Wait for so many outcomes, and until nothing is left to do."""

        async def done() -> bool:
            return len(await self.outcomes()) >= count and await self.waiting() == 0

        await eventually(done, f"{count} outcomes, and nothing left to be fetched")


async def _a_moment(_: float) -> None:
    await asyncio.sleep(0.01)


@asynccontextmanager
async def working(*workers: MediaWorker) -> AsyncIterator[None]:
    """The workers at work; none may have failed at the end."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
        for task in tasks:
            assert not task.done() or task.exception() is None
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
