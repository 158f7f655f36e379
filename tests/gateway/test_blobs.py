"""Both stores are held to one contract: the folder, and a real S3-speaking server."""

import asyncio
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.blobs import BlobMissing, Blobs, BlobsUnavailable, make_blobs
from gateway.errors import Misconfigured
from gateway.settings import ConfigFile
from tests.servers import free_ports
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, S3Server

CONTENT = b"tersegel " * 1000
NAME = "copy/" + hashlib.sha256(CONTENT).hexdigest()
OTHER = "original/" + "0" * 64


def config(tmp_path: Path, **blobs: object) -> ConfigFile:
    tables = {"gateway": {"data_dir": str(tmp_path / "data")}, "blobs": blobs}
    return ConfigFile(tmp_path / "gateway.toml", tables)


def s3_config(tmp_path: Path, endpoint: str, url: str, timeout_seconds: float = 20.0) -> ConfigFile:
    return config(
        tmp_path,
        url=url,
        endpoint=endpoint,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        timeout_seconds=timeout_seconds,
    )


@pytest.fixture(params=["folder", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Blobs]:
    """Makes clients of one and the same store."""
    if request.param == "folder":
        return lambda: make_blobs(config(tmp_path))
    server: S3Server = request.getfixturevalue("s3_server")
    bucket = f"aduan-{uuid4().hex}"
    server.make_bucket(bucket)
    return lambda: make_blobs(s3_config(tmp_path, server.endpoint, f"s3://{bucket}/lampiran"))


async def test_what_was_put_is_there_for_every_process(make: Callable[[], Blobs]) -> None:
    await make().put(NAME, CONTENT)
    assert await make().get(NAME) == CONTENT
    assert await make().exists(NAME)


async def test_another_name_is_missing(make: Callable[[], Blobs]) -> None:
    blobs = make()
    await blobs.put(NAME, CONTENT)
    assert not await blobs.exists(OTHER)
    with pytest.raises(BlobMissing):
        await blobs.get(OTHER)


async def test_a_name_again_replaces(make: Callable[[], Blobs]) -> None:
    blobs = make()
    await blobs.put(NAME, b"sealed with the old key")
    await blobs.put(NAME, b"sealed with the new one")
    assert await blobs.get(NAME) == b"sealed with the new one"


async def test_large_and_empty(make: Callable[[], Blobs]) -> None:
    blobs = make()
    large = os.urandom(12_000_000)
    await asyncio.gather(blobs.put(NAME, large), blobs.put(OTHER, b""))
    assert await blobs.get(NAME) == large
    assert await blobs.get(OTHER) == b""


async def test_the_same_name_at_the_same_time_is_whole(make: Callable[[], Blobs]) -> None:
    blobs = make()
    contents = [bytes([number]) * 200_000 for number in range(8)]
    await asyncio.gather(*(blobs.put(NAME, content) for content in contents))
    assert await blobs.get(NAME) in contents


@pytest.mark.parametrize(
    "name", ["copy/../../x", "copy/" + "A" * 64, "/etc/passwd", "copy", "other/" + "0" * 64]
)
async def test_only_names_of_ours(make: Callable[[], Blobs], name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        await make().put(name, b"x")
    with pytest.raises(ValueError, match="not a name"):
        await make().get(name)


async def test_check_proves_it(make: Callable[[], Blobs]) -> None:
    await make().check()


async def test_the_folder_is_for_our_account_alone(tmp_path: Path) -> None:
    blobs = make_blobs(config(tmp_path))
    await blobs.put(NAME, CONTENT)
    folder = tmp_path / "data" / "blobs"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert [file.name for file in (folder / "copy").iterdir()] == [NAME.removeprefix("copy/")]


async def test_a_folder_that_went_away_is_an_outage(tmp_path: Path) -> None:
    blobs = make_blobs(config(tmp_path))
    (tmp_path / "data" / "blobs").rename(tmp_path / "elsewhere")
    with pytest.raises(BlobsUnavailable):
        await blobs.put(NAME, CONTENT)
    with pytest.raises(BlobsUnavailable):
        await blobs.check()


_WRITE_WITH_LITTLE_ROOM = """
import asyncio, resource, signal, sys
from gateway.blobs import BlobsUnavailable, make_blobs
from gateway.settings import ConfigFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
blobs = make_blobs(ConfigFile(None, {"gateway": {"data_dir": sys.argv[1]}}))
try:
    asyncio.run(blobs.put(sys.argv[2], b"new" * 10_000))
except BlobsUnavailable:
    sys.exit(42)
"""


def test_a_full_disk_leaves_the_old_bytes(tmp_path: Path) -> None:
    blobs = make_blobs(config(tmp_path))
    asyncio.run(blobs.put(NAME, CONTENT))
    # More than this process may write into one file: the same refusal as that of a full disk.
    command = [sys.executable, "-c", _WRITE_WITH_LITTLE_ROOM, str(tmp_path / "data"), NAME]
    assert subprocess.run(command, check=False).returncode == 42
    assert asyncio.run(blobs.get(NAME)) == CONTENT
    assert len(list((tmp_path / "data" / "blobs" / "copy").iterdir())) == 1


_WRITE_FOR_EVER = """
import asyncio, hashlib, sys
from gateway.blobs import make_blobs
from gateway.settings import ConfigFile
blobs = make_blobs(ConfigFile(None, {"gateway": {"data_dir": sys.argv[1]}}))
async def main():
    for number in range(2**32):
        content = number.to_bytes(4, "big") * 500_000
        name = "copy/" + hashlib.sha256(content).hexdigest()
        await blobs.put(name, content)
        print(name, flush=True)
asyncio.run(main())
"""


def test_killed_while_writing_leaves_whole_blobs_only(tmp_path: Path) -> None:
    """kill -9 at any moment: under a name stands everything that was put, or nothing."""
    command = [sys.executable, "-c", _WRITE_FOR_EVER, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline().strip() for _ in range(5)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().split()
    folder = tmp_path / "data" / "blobs"
    found = {f"copy/{file.name}" for file in (folder / "copy").iterdir() if len(file.name) == 64}
    assert set(told) <= found
    for name in found:
        assert "copy/" + hashlib.sha256((folder / name).read_bytes()).hexdigest() == name


async def test_an_s3_that_is_not_there_is_an_error_within_the_time_out(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    blobs = make_blobs(
        s3_config(tmp_path, f"http://127.0.0.1:{port}", "s3://aduan", timeout_seconds=5.0)
    )
    for call in (blobs.put(NAME, CONTENT), blobs.check(), blobs.get(NAME), blobs.exists(NAME)):
        with pytest.raises(BlobsUnavailable) as caught:
            await call
        assert SECRET_KEY not in str(caught.value)
        assert NAME not in str(caught.value)


async def test_an_s3_that_falls_silent_is_an_error_within_the_time_out(tmp_path: Path) -> None:
    # It takes connections and never reads from them.
    with socket.create_server(("127.0.0.1", 0)) as mute:
        quiet = f"http://127.0.0.1:{mute.getsockname()[1]}"
        blobs = make_blobs(s3_config(tmp_path, quiet, "s3://aduan", timeout_seconds=0.5))
        with pytest.raises(BlobsUnavailable):
            await blobs.put(NAME, CONTENT)
        with pytest.raises(BlobsUnavailable):
            await blobs.get(NAME)


async def test_a_bucket_that_is_not_there_is_an_outage_and_no_missing_blob(
    tmp_path: Path, s3_server: S3Server
) -> None:
    blobs = make_blobs(s3_config(tmp_path, s3_server.endpoint, f"s3://none-{uuid4().hex}"))
    with pytest.raises(BlobsUnavailable):
        await blobs.put(NAME, CONTENT)
    with pytest.raises(BlobsUnavailable):
        await blobs.get(NAME)


async def test_suspended_and_back(tmp_path: Path, s3_server: S3Server) -> None:
    bucket = f"aduan-{uuid4().hex}"
    s3_server.make_bucket(bucket)
    blobs = make_blobs(
        s3_config(tmp_path, s3_server.endpoint, f"s3://{bucket}", timeout_seconds=2.0)
    )
    s3_server.process.suspend()
    try:
        with pytest.raises(BlobsUnavailable):
            await blobs.put(NAME, CONTENT)
    finally:
        s3_server.process.resume()
    patient = make_blobs(s3_config(tmp_path, s3_server.endpoint, f"s3://{bucket}"))
    await patient.put(NAME, CONTENT)
    assert await patient.get(NAME) == CONTENT


@pytest.mark.parametrize(
    ("blobs", "said"),
    [
        ({"url": "gs://bucket"}, "s3://bucket/prefix"),
        ({"url": "s3://"}, "s3://bucket/prefix"),
        ({"url": "s3://b", "access_key_id": "only one"}, "go together"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, blobs: dict[str, object], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        make_blobs(config(tmp_path, **blobs))
