"""Keeping attachments: sealed, under their hashes, scanned; or not kept, and that is told."""

import asyncio
import hashlib
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gateway.attachments import AttachmentStore, make_contents
from gateway.blobs import Blobs, BlobsUnavailable, make_blobs
from gateway.cleaning.apart import CleaningApart, CleaningUnavailable
from gateway.errors import Misconfigured, NotKept
from gateway.sealing import Opener, load_opener, load_sealer
from gateway.settings import ConfigFile
from gateway.virus import ScannerAway, Verdict, VirusScanner
from normalizer.draft import DraftAttachment
from normalizer.event import Withheld
from tests.gateway import attachment_files as files
from tests.gateway.attachment_files import SECRET_BYTES
from tests.intake_bench import Keys
from tests.servers import free_ports
from tests.servers.clamd import EICAR, STREAM_LIMIT, Clamd
from tests.waiting import eventually

MAX_BYTES = 2_000_000


def config(tmp_path: Path, keys: Keys, **media: object) -> ConfigFile:
    tables = {
        "gateway": {"data_dir": str(tmp_path / "data")},
        "media": {"max_bytes": MAX_BYTES, **media},
        "sealing": {"public_key_file": str(keys.public)},
    }
    return ConfigFile(tmp_path / "gateway.toml", tables)


def store_with(
    tmp_path: Path,
    keys: Keys,
    *,
    scanner: VirusScanner | None = None,
    cleaning: CleaningApart | None = None,
) -> AttachmentStore:
    blobs = make_blobs(config(tmp_path, keys))
    return AttachmentStore(blobs, load_sealer(keys.public), MAX_BYTES, scanner, cleaning)


def brought(
    content: bytes, media_type: str = "image/jpeg", name: str = "IMG_1.jpg"
) -> DraftAttachment:
    return DraftAttachment(
        media_type=media_type, media_id="part:2", name=name, size_bytes=7, content=content
    )


@pytest.fixture
def blobs(tmp_path: Path, keys: Keys) -> Blobs:
    return make_blobs(config(tmp_path, keys))


@pytest.fixture
def opener(keys: Keys) -> Opener:
    return load_opener(keys.private)


async def unsealed(blobs: Blobs, opener: Opener, name: str) -> bytes:
    return opener.open_bytes((await blobs.get(name)).decode("ascii"))


def stored(tmp_path: Path) -> list[Path]:
    return [file for file in (tmp_path / "data" / "blobs").rglob("*") if file.is_file()]


async def test_original_and_copy_are_sealed_under_their_hashes(
    tmp_path: Path, keys: Keys, blobs: Blobs, opener: Opener
) -> None:
    photo = files.jpeg()
    # The connector said nothing true about it.
    kept = await make_contents(config(tmp_path, keys)).keep(brought(photo, "text/html"))
    assert kept.content is None
    assert (kept.media_type, kept.size_bytes, kept.withheld) == ("image/jpeg", len(photo), None)
    assert (kept.media_id, kept.name) == ("part:2", "IMG_1.jpg")
    assert kept.sha256 == hashlib.sha256(photo).hexdigest()
    assert await unsealed(blobs, opener, f"original/{kept.sha256}") == photo
    copy = await unsealed(blobs, opener, f"copy/{kept.copy_sha256}")
    assert kept.copy_sha256 == hashlib.sha256(copy).hexdigest()
    assert SECRET_BYTES in photo
    assert SECRET_BYTES not in copy
    for file in stored(tmp_path):
        assert b"\xff\xd8\xff" not in file.read_bytes()
        assert SECRET_BYTES not in file.read_bytes()


async def test_the_same_again_is_the_same_and_stored_once(tmp_path: Path, keys: Keys) -> None:
    store = make_contents(config(tmp_path, keys))
    photo = brought(files.jpeg())
    first, again, both = await asyncio.gather(*(store.keep(photo) for _ in range(3)))
    assert first == again == both
    assert len(stored(tmp_path)) == 2


async def test_what_needs_no_cleaning_has_one_hash(
    tmp_path: Path, keys: Keys, blobs: Blobs, opener: Opener
) -> None:
    words = b"Jalan rusak di Desa Babadan"
    kept = await make_contents(config(tmp_path, keys)).keep(brought(words))
    assert kept.sha256 == kept.copy_sha256
    assert await unsealed(blobs, opener, f"copy/{kept.copy_sha256}") == words


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"MZ\x90\x00" + bytes(100), Withheld.ACTIVE_CONTENT),
        (b"#!/bin/sh\nrm -rf /\n", Withheld.ACTIVE_CONTENT),
        (b"<html><script>alert(1)</script>", Withheld.ACTIVE_CONTENT),
        (files.docx(word__vbaProject_dot_bin=b"x"), Withheld.ACTIVE_CONTENT),
        (bytes(100), Withheld.UNKNOWN_TYPE),
        (b"", Withheld.UNKNOWN_TYPE),
        (files.jpeg()[:200], Withheld.DAMAGED),
        (files.png_bomb(50_000, 50_000), Withheld.TOO_LARGE),
        (b"x" * (MAX_BYTES + 1), Withheld.TOO_LARGE),
    ],
)
async def test_what_stays_here_is_kept_all_the_same(
    tmp_path: Path, keys: Keys, blobs: Blobs, opener: Opener, content: bytes, reason: Withheld
) -> None:
    kept = await make_contents(config(tmp_path, keys)).keep(brought(content, name="foto.jpg"))
    assert (kept.withheld, kept.copy_sha256, kept.content) == (reason, None, None)
    assert kept.size_bytes == len(content)
    assert await unsealed(blobs, opener, f"original/{kept.sha256}") == content
    assert len(stored(tmp_path)) == 1


async def test_exactly_as_large_as_allowed_is_looked_at(tmp_path: Path, keys: Keys) -> None:
    kept = await make_contents(config(tmp_path, keys)).keep(brought(b"x" * MAX_BYTES))
    assert (kept.media_type, kept.withheld) == ("text/plain", None)


async def test_one_without_content_is_left_alone(tmp_path: Path, keys: Keys) -> None:
    later = replace(brought(b""), content=None)
    assert await make_contents(config(tmp_path, keys)).keep(later) == later
    assert stored(tmp_path) == []


async def test_a_large_payload_is_sealed_under_its_hash(
    tmp_path: Path, keys: Keys, blobs: Blobs, opener: Opener
) -> None:
    raw = b"From: sri@example.com\r\n" * 10_000
    digest = await make_contents(config(tmp_path, keys)).keep_raw(raw)
    assert digest == hashlib.sha256(raw).hexdigest()
    assert await unsealed(blobs, opener, f"raw/{digest}") == raw


async def test_the_store_is_away(tmp_path: Path, keys: Keys) -> None:
    store = make_contents(config(tmp_path, keys))
    (tmp_path / "data" / "blobs").rename(tmp_path / "elsewhere")
    with pytest.raises(NotKept):
        await store.keep(brought(files.jpeg()))
    with pytest.raises(NotKept):
        await store.keep_raw(b"x" * 100_000)
    with pytest.raises(BlobsUnavailable):
        await store.check()
    (tmp_path / "elsewhere").rename(tmp_path / "data" / "blobs")
    assert (await store.keep(brought(files.jpeg()))).copy_sha256 is not None
    await store.check()


# --- The process that looks at strangers' files --------------------------------------------------


def python(code: str) -> CleaningApart:
    return CleaningApart((sys.executable, "-c", code))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", id="crashed"),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", id="killed"),
        pytest.param("raise SystemExit(1)", id="failed"),
        pytest.param("import sys; sys.stdin.close(); raise SystemExit(1)", id="did not read"),
    ],
)
async def test_a_file_that_kills_its_reader_kills_nothing_else(
    tmp_path: Path, keys: Keys, code: str
) -> None:
    store = store_with(tmp_path, keys, cleaning=python(code))
    kept = await store.keep(brought(files.jpeg() + bytes(1_000_000)))
    assert (kept.withheld, kept.copy_sha256) == (Withheld.DAMAGED, None)
    assert kept.sha256 is not None


async def test_what_dies_by_accident_is_tried_again(tmp_path: Path, keys: Keys) -> None:
    once = tmp_path / "once"
    code = (
        "import os, runpy, signal\n"
        f"if not os.path.exists({str(once)!r}):\n"
        f"    open({str(once)!r}, 'w').close()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "runpy.run_module('gateway.cleaning', run_name='__main__')\n"
    )
    kept = await store_with(tmp_path, keys, cleaning=python(code)).keep(brought(files.jpeg()))
    assert (kept.media_type, kept.withheld) == ("image/jpeg", None)


async def test_no_process_is_our_fault_and_not_the_files(tmp_path: Path, keys: Keys) -> None:
    cleaning = CleaningApart((str(tmp_path / "no-such-program"),))
    with pytest.raises(CleaningUnavailable):
        await cleaning.clean(b"x")
    with pytest.raises(NotKept):
        await store_with(tmp_path, keys, cleaning=cleaning).keep(brought(files.jpeg()))


ENDLESS = "while True: pass"


def endless_readers() -> list[psutil.Process]:
    """The tests' servers are children too."""
    return [one for one in psutil.Process().children() if ENDLESS in one.cmdline()]


async def test_a_reader_that_never_ends_is_ended() -> None:
    cleaning = CleaningApart((sys.executable, "-c", ENDLESS), wall_seconds=0.3)
    assert (await cleaning.clean(b"x")).withheld is Withheld.DAMAGED
    assert endless_readers() == []


async def test_a_stop_in_the_middle_leaves_no_process_behind() -> None:
    task = asyncio.create_task(python(ENDLESS).clean(b"x"))

    async def started() -> bool:
        return bool(endless_readers())

    await eventually(started, "a reader")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endless_readers() == []


async def test_the_reader_knows_no_secret_and_has_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWAY_TELEGRAM_TOKEN", "rahasia")
    code = (
        "import json, os, resource, sys, unittest.mock\n"
        "import gateway.cleaning.__main__ as program\n"
        "from gateway.cleaning.apart import Cleaned\n"
        "def spy(content):\n"
        "    assert os.getsid(0) == os.getpid()  # Ctrl+C at the terminal is not for it\n"
        "    said = [resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1]\n"
        "            for name in ('AS', 'CPU', 'FSIZE', 'CORE')]\n"
        "    return Cleaned('x', json.dumps([said, dict(os.environ)]).encode(), None)\n"
        "program.clean = spy\n"
        "program.main()\n"
    )
    copy = (await python(code).clean(b"")).copy
    assert copy is not None
    assert b"rahasia" not in copy
    assert copy.startswith(b"[[2147483648, 120, 0, 0]")


async def test_more_memory_than_there_is_withholds() -> None:
    code = (
        "import gateway.cleaning.__main__ as program\n"
        "import gateway.cleaning.cleaner as cleaner\n"
        "cleaner._CLEANERS = {'text/plain': lambda *_: bytearray(1 << 40)}\n"
        "program.main()\n"
    )
    assert (await python(code).clean(b"halo")).withheld is Withheld.TOO_LARGE


# --- The virus scan ------------------------------------------------------------------------------


async def test_infected_stays_here_wherever_it_hides(
    tmp_path: Path, keys: Keys, clamd: Clamd, blobs: Blobs, opener: Opener
) -> None:
    for address in (clamd.socket_path, clamd.tcp_address):
        store = make_contents(config(tmp_path, keys, clamd=address))
        for content in (EICAR, files.jpeg() + EICAR, files.docx(word__x_dot_txt=EICAR)):
            kept = await store.keep(brought(content))
            assert (kept.withheld, kept.copy_sha256) == (Withheld.INFECTED, None)
            assert await unsealed(blobs, opener, f"original/{kept.sha256}") == content
        clean = await store.keep(brought(files.jpeg()))
        assert (clean.media_type, clean.withheld) == ("image/jpeg", None)
        await store.check()


async def test_larger_than_the_scanner_takes_stays_here_and_blocks_nothing(
    tmp_path: Path, keys: Keys, clamd: Clamd
) -> None:
    store = make_contents(config(tmp_path, keys, clamd=clamd.socket_path))
    kept = await store.keep(brought(b"x" * (STREAM_LIMIT + 100_000)))
    assert kept.withheld in (Withheld.TOO_LARGE, Withheld.DAMAGED)
    assert kept.copy_sha256 is None


async def test_nothing_passes_unscanned(tmp_path: Path, keys: Keys) -> None:
    (port,) = free_ports(1)
    for address in (str(tmp_path / "no.sock"), f"127.0.0.1:{port}"):
        store = make_contents(config(tmp_path, keys, clamd=address))
        with pytest.raises(NotKept):
            await store.keep(brought(files.jpeg()))
        with pytest.raises(ScannerAway):
            await store.check()
    assert all("check" in str(file) for file in stored(tmp_path))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pretending(answer: bytes) -> Talk:
    """A clamd that answers a PING, and this to a file."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readline()
        if command == b"nPING\n":
            writer.write(b"PONG\n")
        else:
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                await reader.readexactly(size)
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    return talk


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\n", Verdict.CLEAN),
        (b"stream: Some.Thing FOUND\n", Verdict.INFECTED),
        (b"INSTREAM size limit exceeded. ERROR\n", Verdict.TOO_LARGE),
        (b"stream: Can't allocate memory ERROR\n", Verdict.UNREADABLE),
        (b"what?\n", Verdict.UNREADABLE),
        (b"", Verdict.UNREADABLE),
    ],
)
async def test_what_a_scanner_may_say(tmp_path: Path, answer: bytes, verdict: Verdict) -> None:
    path = str(tmp_path / "clamd.sock")
    async with await asyncio.start_unix_server(pretending(answer), path):
        assert await VirusScanner(path).scan(b"halo") is verdict


async def test_a_scanner_that_is_suspended_is_away(
    clamd: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.virus._SCAN_SECONDS", 0.3)
    monkeypatch.setattr("gateway.virus._PING_SECONDS", 0.3)
    clamd.process.suspend()
    try:
        with pytest.raises(ScannerAway):
            await VirusScanner(clamd.socket_path).scan(b"halo")
    finally:
        clamd.process.resume()


@pytest.mark.parametrize(
    "address", ["", "clamd", "clamd:", ":3310", "clamd:port", "run/clamd.sock"]
)
def test_a_wrong_address_of_the_scanner_is_told(tmp_path: Path, keys: Keys, address: str) -> None:
    with pytest.raises(Misconfigured, match="clamd"):
        VirusScanner(address)
