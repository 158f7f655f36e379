"""The operator's view of what waits to be fetched."""

import io
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from connectors.media import list_jobs, make_media_worker
from gateway.errors import GatewayFault
from normalizer.outcome import MediaState
from tests.connectors.media_bench import (
    Clock,
    MediaBench,
    WebFetcher,
    config,
    item,
    open_shelf,
    working,
)
from tests.gateway import attachment_files as files
from tests.intake_bench import Bench, Keys
from tests.waiting import eventually


@pytest.fixture
async def media(bench: Bench, tmp_path: Path, keys: Keys) -> AsyncIterator[MediaBench]:
    async with open_shelf() as shelf:
        yield MediaBench(bench, tmp_path, keys, shelf, Clock())


def listed(media: MediaBench) -> str:
    paper = io.StringIO()
    list_jobs(config(media.tmp_path, media.keys), Console(file=paper, width=200))
    return paper.getvalue()


async def test_what_waits_is_shown_without_identities(media: MediaBench) -> None:
    media_id = media.shelf.put("rahasia-token.jpg", web.Response(status=503))
    kept = await media.bench.intake.accept(item(media_id))
    assert "no attachment waits" in listed(media)
    async with working(media.worker()):

        async def tried() -> bool:
            jobs = media.jobs()
            try:
                return [job.attempts for job in jobs.waiting()] == [1]
            finally:
                jobs.close()

        await eventually(tried, "a first try")
    shown = listed(media)
    assert kept.reference is not None
    # 08:00 UTC is 15:00 in Ngawi; 15 s later is still 15:00; 72 hours later it is given up.
    for word in (kept.reference, "telegram", "bot", "01.03. 15:00", "away", "04.03. 15:00"):
        assert word in shown
    for secret in ("rahasia", "http", "Sri", "contoh-9001"):
        assert secret not in shown


async def test_it_is_a_command(media: MediaBench) -> None:
    file = media.tmp_path / "gateway.toml"
    file.write_text(f'[gateway]\ndata_dir = "{media.tmp_path}"\n')
    command = [sys.executable, "-m", "connectors.media", "list", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert (done.returncode, done.stdout, done.stderr) == (0, "no attachment waits\n", "")


async def test_a_file_that_is_none_is_told(media: MediaBench) -> None:
    (media.tmp_path / "media.db").write_bytes(b"no database " * 1000)
    with pytest.raises(GatewayFault, match="cannot be read"):
        listed(media)


async def test_the_settings_make_a_worker(media: MediaBench) -> None:
    fetchers = [WebFetcher(media.shelf.base)]
    settings = config(media.tmp_path, media.keys)
    await media.bench.intake.accept(item(media.shelf.put("a.jpg", files.jpeg())))
    worker = make_media_worker(settings, media.bench.log.inner, fetchers, media.contents())
    async with working(worker):
        assert (await media.outcome()).state is MediaState.STORED


async def test_a_backlog_of_one_account_hides_no_other(media: MediaBench) -> None:
    for number in range(12):
        account = "quick" if number == 11 else "slow"
        await media.bench.intake.accept(item("x", number=number, account=account))
    jobs = media.jobs()
    try:
        events = [(event, None) for event in await media.bench.events()]
        assert jobs.add(events, media.clock()) == 12
        assert jobs.add(events, media.clock()) == 0
        due = jobs.due(media.clock(), (), 4)
        assert [job.account for job in due] == ["slow", "quick", "slow", "slow", "slow"]
        in_hand = [job.id for job in due]
        assert len(jobs.due(media.clock(), in_hand, 4)) == 4
        assert jobs.due(media.clock() - timedelta(seconds=1), (), 4) == []
    finally:
        jobs.close()
