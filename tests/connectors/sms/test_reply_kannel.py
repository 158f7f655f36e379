"""SMS out over a real Kannel: the phone sees the words, and a wrong password is told."""

import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from connectors.sms.check import check
from connectors.sms.reply import build_repliers
from gateway.contract import Reply
from gateway.errors import GatewayFault, ReplyRefused
from gateway.settings import ConfigFile
from normalizer.event import ReplyPath
from tests.servers import ServerMissing, free_ports
from tests.servers.fixtures import absent
from tests.servers.kannel import Kannel
from tests.servers.process import ServerProcess
from tests.waiting import eventually, wait_for

pytestmark = pytest.mark.kannel

PASSWORD = "rahasia-kirim"
TEXT = "Laporan Anda [NGW-26-7K3M9QXA] kami terima."
_CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = invented-admin
smsbox-port = {box}
smsbox-interface = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = sim
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 1708

group = sendsms-user
username = pintu
password = {password}
concatenation = true
max-messages = 3

group = sms-service
keyword = default
text = "-"
"""


@pytest.fixture
def kannel(tmp_path: Path) -> Iterator[tuple[Kannel, str]]:
    """A running Kannel and the address of its ``sendsms``."""
    if shutil.which("/usr/sbin/smsbox") is None:
        absent("Kannel", ServerMissing("no smsbox: apt-get install kannel kannel-extras"))
    admin, box, smsc, sendsms = free_ports(4)
    config = tmp_path / "kannel.conf"
    config.write_text(
        _CONFIG.format(admin=admin, box=box, smsc=smsc, sendsms=sendsms, password=PASSWORD)
    )
    status = f"http://127.0.0.1:{admin}/status.txt?password=invented-admin"

    def shows(words: str) -> bool:
        with suppress(OSError), urllib.request.urlopen(status, timeout=2) as answer:
            return words in answer.read().decode("utf-8", "replace")
        return False

    with ExitStack() as running:
        for program, words in (("bearerbox", "Status: running"), ("smsbox", "smsbox:")):
            log = tmp_path / f"{program}.log"
            box_process = ServerProcess([f"/usr/sbin/{program}", str(config)], log, tmp_path)
            running.callback(box_process.kill)
            wait_for(partial(shows, words), program)
        phone = Kannel(smsc, tmp_path)
        running.callback(phone.hang_up)
        wait_for(partial(shows, "(online"), "the SMS centre")
        yield phone, f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms"


def _config(url: str, password: str = PASSWORD) -> ConfigFile:
    reply = {"kind": "kannel", "url": url, "username": "pintu", "password": password}
    account = {"name": "1708", "dialect": "kannel", "token": "rahasia-masuk", "reply": reply}
    return ConfigFile(None, {"sms": {"accounts": [account]}})


async def _send(config: ConfigFile, text: str) -> str | None:
    (replier,) = build_repliers(config)
    try:
        reply = Reply(key="k-1", text=text, subject="")
        return await replier.reply(ReplyPath(address="+6281200009001"), reply)
    finally:
        await replier.close()


async def test_the_phone_sees_the_words(kannel: tuple[Kannel, str]) -> None:
    phone, url = kannel
    await _send(_config(url), TEXT)
    wide = "Terima kasih “Bu Sri” 👍"
    await _send(_config(url), wide)

    async def both() -> bool:
        return len(phone.answers()) == 2

    await eventually(both, "two messages at the phone")
    plain, escaped = phone.answers()
    assert plain == f"1708 +6281200009001 text {TEXT}"
    assert escaped.split(" ")[:3] == ["1708", "+6281200009001", "ucs-2"]
    shown = unquote_to_bytes(escaped.split(" ", 3)[3].replace("+", " "))
    assert shown.decode("utf-16-be") == wide


async def test_a_wrong_password(kannel: tuple[Kannel, str]) -> None:
    phone, url = kannel
    wrong = _config(url, "rahasia-salah")
    with pytest.raises(ReplyRefused) as told:
        await _send(wrong, TEXT)
    assert told.value.reason == "credentials"
    with pytest.raises(GatewayFault, match="username or password"):
        await check(wrong)
    assert "Kannel takes answers" in (await check(_config(url)))[0]
    assert phone.answers() == []
