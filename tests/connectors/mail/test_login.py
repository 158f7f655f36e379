"""Encryption, ``gateway check`` and samples, with a real Dovecot."""

from pathlib import Path

import pytest

from connectors.mail.check import check
from connectors.mail.payload import read_mail
from connectors.mail.sample import invented, send_sample
from connectors.mail.settings import MailAccount
from gateway.errors import GatewayFault, Misconfigured, NotConnected
from gateway.settings import ConfigFile
from normalizer.draft import Draft
from tests.connectors.mail.house import House, mailbox
from tests.connectors.mail.marks import found, mail
from tests.servers import free_ports
from tests.servers.dovecot import PASSWORD, USER, Dovecot
from tests.servers.smtp import running_smtp


def encrypted(dovecot: Dovecot, security: str, ca_file: Path | None) -> MailAccount:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    return mailbox(port, host="localhost", security=security, ca_file=ca_file)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_an_encrypted_mailbox(house: House, dovecot: Dovecot, security: str) -> None:
    dovecot.append(mail("RAHASIA"))
    async with house.polling(encrypted(dovecot, security, dovecot.cert)):
        await house.holds(1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_that_is_not_who_it_should_be(
    house: House, dovecot: Dovecot, security: str
) -> None:
    connector = house.connector(encrypted(dovecot, security, None))
    with pytest.raises(NotConnected, match="cannot connect"):
        await connector.connect()
    await connector.close()


def config(*accounts: dict[str, object]) -> ConfigFile:
    return ConfigFile(None, {"mail": {"accounts": list(accounts)}})


def here(dovecot: Dovecot, **changed: object) -> dict[str, object]:
    values: dict[str, object] = {
        "name": "aduan",
        "host": "127.0.0.1",
        "port": dovecot.port,
        "security": "plain",
        "username": USER,
        "password": PASSWORD,
    }
    return values | changed


async def test_a_check_says_how_the_mailbox_stands(dovecot: Dovecot) -> None:
    dovecot.append(mail("SATU"), mail("DUA"))
    with running_smtp() as room:
        smtp = {"host": "127.0.0.1", "port": room.port, "security": "plain", "from_address": USER}
        (line,) = await check(config(here(dovecot, smtp=smtp)))
    assert line.startswith("aduan: 2 mails, 2 of them not marked as taken, UIDVALIDITY ")
    assert line.endswith("IDLE; answers go out over its smtp server")
    assert USER not in line


async def test_a_check_of_two_mailboxes_tells_of_groups(dovecot: Dovecot) -> None:
    second = here(dovecot, name="bupati")
    lines = await check(config(here(dovecot), second))
    assert "two complaints" in lines[-1]
    assert len(await check(config(here(dovecot), second | {"group": "aduan"}))) == 2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": "salah"}, "cannot log in"),
        ({"folder": "Tidak Ada"}, "cannot select the folder"),
        ({"smtp": {"host": "127.0.0.1", "security": "plain", "from_address": USER}}, "smtp server"),
    ],
)
async def test_a_check_says_what_to_do(
    dovecot: Dovecot, changed: dict[str, object], says: str
) -> None:
    (port,) = free_ports(1)
    if isinstance(smtp := changed.get("smtp"), dict):
        changed = {"smtp": smtp | {"port": port}}
    with pytest.raises(GatewayFault, match=says) as told:
        await check(config(here(dovecot, **changed)))
    assert "aduan" in str(told.value)
    assert "salah" not in str(told.value)


async def test_a_sample_lies_in_the_mailbox(house: House, dovecot: Dovecot) -> None:
    texts = ["Jalan desa Babadan berlubang", "Lampu mati"]
    assert await send_sample(config(here(dovecot)), None, texts) == 2
    assert found(dovecot, "ALL") == 2
    async with house.polling(mailbox(dovecot.port)):
        await house.holds(2)
    assert {text and text.strip() for text in await house.texts()} == set(texts)


async def test_a_sample_for_nobody(dovecot: Dovecot) -> None:
    with pytest.raises(Misconfigured, match="no mail account"):
        await send_sample(config(here(dovecot)), "lain", ["x"])
    with pytest.raises(GatewayFault, match="gateway check"):
        await send_sample(config(here(dovecot, password="salah")), None, ["x"])


def test_an_invented_mail_is_one_of_a_person() -> None:
    item = read_mail(mailbox(143), invented("Jalan rusak di Desa Babadan")).item
    assert isinstance(item, Draft)
    assert item.exclusion is None
    assert item.reply_path is not None
