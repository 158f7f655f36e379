"""The program beside the modem: what smsd hands it comes in, or waits on its disk."""

import asyncio
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.contract import WebRequest
from normalizer.draft import Draft
from tests.connectors.sms.accounts import route
from tests.connectors.sms.sms_server import Heard, SmsServer, running
from tests.servers import free_ports

PROGRAM = Path(__file__).parents[3] / "connectors" / "sms" / "gammu_receive.py"
TEXT = "Listrik padam 😡\ndi Karangjati & 'sekitarnya'"
SMS = {
    "SMS_MESSAGES": "1",
    "SMS_1_CLASS": "-1",
    "SMS_1_REFERENCE": "0",
    "SMS_1_NUMBER": "+6281200009001",
    "SMS_1_TEXT": TEXT,
    "DECODED_PARTS": "0",
    "PHONE_ID": "modem1",
}
FILE_NAME = "IN20260302_011530_00_+6281200009001_00.txt"


@pytest.fixture
async def server() -> AsyncIterator[SmsServer]:
    async with running() as server:
        yield server


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("rahasia-gammu\n")
    return tmp_path / "spool"


async def _run(url: str, spool: Path, *ids: str, **environment: str) -> int | None:
    """As smsd runs it: standard input and output closed, a bare environment."""
    program = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        'exec "$0" "$@" <&- >&- 2>&-',
        *(sys.executable, str(PROGRAM), "--url", url, "--spool", str(spool)),
        *("--token-file", str(spool.parent / "token"), *ids),
        env={"PATH": "/usr/bin:/bin", "RAHASIA_LAIN": "x", **environment},
    )
    return await program.wait()


def _waiting(spool: Path) -> list[Path]:
    return sorted(spool.iterdir())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _read(heard: Heard) -> Draft:
    """What the account makes of it."""
    request = WebRequest(heard.method, "/sms/uji", heard.query, heard.headers, heard.body)
    asked = route("gammu")
    asked.verify(request)
    (item,) = asked.read(request).items
    assert isinstance(item, Draft)
    return item


async def test_an_sms_comes_in(server: SmsServer, spool: Path) -> None:
    assert await _run(server.url + "/sms/uji", spool, FILE_NAME, **SMS) == 0
    (heard,) = server.heard
    item = _read(heard)
    assert (item.text_raw, item.sender.address) == (TEXT, "+6281200009001")
    assert item.submitted_at is not None
    assert item.source_id is not None
    assert "6281200009001" not in item.source_id
    assert b"RAHASIA_LAIN" not in heard.body
    assert _waiting(spool) == []


async def test_it_waits_while_we_are_away_and_goes_with_the_next(
    server: SmsServer, spool: Path
) -> None:
    away = f"http://127.0.0.1:{free_ports(1)[0]}/sms/uji"
    assert await _run(away, spool, FILE_NAME, **SMS) == 1
    assert await _run(away, spool, FILE_NAME, **SMS) == 1, "smsd may run it twice"
    (kept,) = _waiting(spool)
    assert (_mode(kept), _mode(spool)) == (0o600, 0o700)
    assert "6281200009001" not in kept.name
    before = kept.read_bytes()
    other = {**SMS, "SMS_1_TEXT": "Kedua"}
    assert await _run(server.url, spool, "IN2", **other) == 0
    assert server.heard[0].body == before
    assert [_read(heard).text_raw for heard in server.heard] == [TEXT, "Kedua"]


@pytest.mark.parametrize("status", [401, 413, 503])
async def test_it_waits_while_it_is_not_taken(status: int, server: SmsServer, spool: Path) -> None:
    server.status = status
    assert await _run(server.url, spool, FILE_NAME, **SMS) == 1
    assert len(_waiting(spool)) == 1
    server.status = 200
    assert await _run(server.url, spool) == 0, "a timer runs it without an SMS"
    assert _waiting(spool) == []


async def test_the_same_row_number_again_is_another_sms(server: SmsServer, spool: Path) -> None:
    """A new database of smsd counts from 1 again."""
    await _run(server.url, spool, "1", **SMS)
    await _run(server.url, spool, "1", **{**SMS, "SMS_1_TEXT": "Lain"})
    first, second = (_read(heard).source_id for heard in server.heard)
    assert first != second


async def test_without_a_number_of_smsd(server: SmsServer, spool: Path) -> None:
    await _run(server.url, spool, **SMS)
    await _run(server.url, spool, **SMS)
    first, second = (_read(heard).source_id for heard in server.heard)
    assert first != second, "two equal messages, both are kept"


async def test_bytes_that_are_no_text(server: SmsServer, spool: Path) -> None:
    broken = b"Caf\xe9".decode("utf-8", "surrogateescape")
    assert await _run(server.url, spool, "1", **{**SMS, "SMS_1_TEXT": broken}) == 0
    assert _read(server.heard[0]).text_raw == "Café"
