"""kill -9 at every step: the attachment has one outcome, under one id, and is not lost."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.blobs import make_blobs
from normalizer.outcome import MediaState
from tests.connectors.media_bench import Clock, MediaBench, config, item, open_shelf, working
from tests.connectors.media_child import POINTS
from tests.gateway import attachment_files as files
from tests.intake_bench import TOPICS, Bench, Keys


@pytest.fixture
async def media(bench: Bench, tmp_path: Path, keys: Keys) -> AsyncIterator[MediaBench]:
    async with open_shelf() as shelf:
        yield MediaBench(bench, tmp_path, keys, shelf, Clock(datetime.now(UTC)))


async def killed(media: MediaBench, point: str) -> None:
    """Let a process work until it is killed there."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.connectors.media_child"),
        str(media.tmp_path),
        str(media.keys.directory),
        media.shelf.base,
        point,
    )
    assert await child.wait() == -signal.SIGKILL


#: Fetches, and records on the log, over both lives of the process.
EXPECTED = {
    "noted, not committed": (1, 1),
    "fetched, nothing stored": (2, 1),
    "stored, not decided": (2, 1),
    "decided, not told": (1, 1),
    "told, not finished": (1, 2),
}


@pytest.mark.parametrize("point", POINTS)
async def test_killed_there_it_ends_with_one_outcome(media: MediaBench, point: str) -> None:
    fetches, records = EXPECTED[point]
    kept = await media.bench.intake.accept(item(media.shelf.put("a.jpg", files.jpeg())))
    await killed(media, point)
    if fetches == 1 and media.shelf.asked:
        # The platform forgets it in between: what is stored already counts.
        media.shelf.answers.clear()
    # The clock of this process stood still while the other one wrote into the file.
    media.clock.advance(hours=1)
    async with working(media.worker()):
        await media.settled()
    outcomes = await media.outcomes()
    assert len(media.shelf.asked) == fetches
    assert len(outcomes) == records
    assert {one.state for one in outcomes} == {MediaState.STORED}
    assert {one.complaint_id for one in outcomes} == {kept.item_id}
    assert len({one.outcome_id for one in outcomes}) == 1
    ids = {record.header("ce_id") for record in await media.bench.stored(TOPICS.media)}
    assert len(ids) == 1
    blobs = make_blobs(config(media.tmp_path, media.keys))
    for name in (
        f"original/{outcomes[0].attachment.sha256}",
        f"copy/{outcomes[0].attachment.copy_sha256}",
    ):
        media.bench.opener.open_bytes((await blobs.get(name)).decode())
