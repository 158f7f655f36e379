"""The pages as the deliver process makes them from ``gateway.toml``."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from deliver.assembly import run
from deliver.console.assembly import add_console, make_guard
from deliver.console.settings import ConsoleSettings
from deliver.ledger import Ledger
from gateway.auth import AuthSettings, People, Role
from gateway.errors import Misconfigured
from gateway.log.sqlite import SqliteLog
from gateway.sealing import new_key_pair
from gateway.settings import ConfigFile, TopicSettings, read_config
from tests.deliver.console.bench import OURS, PASSWORD
from tests.deliver.running import eventually
from tests.servers import free_ports


def config_with(directory: Path, console: str = "", deliver: str = "") -> ConfigFile:
    file = directory / "gateway.toml"
    file.write_text(
        f"[gateway]\ndata_dir = 'data'\n[deliver]\nmode = 'assisted'\n{deliver}\n"
        f"[console]\n{console}\n",
        encoding="utf-8",
    )
    return read_config(file)


async def test_switched_off_there_is_nothing(
    tmp_path: Path, event_log: SqliteLog, ledger: Ledger
) -> None:
    app = web.Application()
    add_console(app, config_with(tmp_path, "enabled = false"), event_log, ledger, None)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/konsol/masuk")).status == 404


async def test_under_another_path(tmp_path: Path, event_log: SqliteLog, ledger: Ledger) -> None:
    app = web.Application()
    config = config_with(tmp_path, "base_path = '/aduan/konsol'\noffice_name = 'Kantor Contoh'")
    add_console(app, config, event_log, ledger, None)
    async with TestClient(TestServer(app)) as client:
        page = await (await client.get("/aduan/konsol/")).text()
        assert "Kantor Contoh" in page
        assert '"/konsol' not in page
        answer = await client.get("/aduan/konsol/daftar", allow_redirects=False)
        assert answer.headers["Location"] == "/aduan/konsol/masuk?kembali=/daftar"


@pytest.mark.parametrize("path", ["konsol", "/", "/Konsol", "/konsol/", "/a b"])
def test_a_path_that_is_none(tmp_path: Path, path: str) -> None:
    with pytest.raises(Misconfigured, match="base_path"):
        config_with(tmp_path, f"base_path = '{path}'").load(ConsoleSettings)


def test_a_session_lasts_as_long_as_the_console_says(tmp_path: Path) -> None:
    guard = make_guard(config_with(tmp_path, "session_hours = 2"), ConsoleSettings(session_hours=2))
    assert guard.people._times.longest_seconds == 2 * 3600
    assert guard.cookie_name == "__Host-konsol"
    guard.people.close()


async def test_the_worker_process_serves_it_beside_health(tmp_path: Path) -> None:
    new_key_pair(tmp_path / "keys/deliver.public.json", tmp_path / "keys/private")
    (port,) = free_ports(1)
    config = config_with(tmp_path, "secure_cookies = false", f"internal_port = {port}")
    (tmp_path / "data").mkdir()
    log = SqliteLog(tmp_path / "data/log.db")
    await log.open()
    await log.create_topics(TopicSettings().specs())
    await log.close()
    people = People(tmp_path / "data", AuthSettings())
    people.create_user("operator", PASSWORD, [Role.OPERATOR])
    people.close()
    stop = asyncio.Event()
    worker = asyncio.create_task(run(config, stop))
    address = f"http://127.0.0.1:{port}"
    async with TestClient(TestServer(web.Application())) as outside:
        session = outside.session

        async def there() -> bool:
            try:
                async with session.get(f"{address}/readyz") as answer:
                    return answer.status == 200
            except OSError:
                return False

        await eventually(there, "the worker")
        form = {"login": "operator", "password": PASSWORD}
        async with session.post(
            f"{address}/konsol/masuk", data=form, headers=OURS, allow_redirects=False
        ) as answer:
            cookie = answer.cookies["konsol"].value
        async with session.get(f"{address}/konsol/", cookies={"konsol": cookie}) as answer:
            page = await answer.text()
        # Counted aside, over a log of its own.
        assert "Semua yang diterima terhitung." in page
        assert "operator mengetik di LAPOR!" in page
    stop.set()
    assert await worker == 0
