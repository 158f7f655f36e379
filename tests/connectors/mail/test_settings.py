"""``[mail]``: what can be written down, and what is refused with a sentence."""

import pytest

from connectors.mail.connector import build
from connectors.mail.reply import build_repliers
from connectors.mail.settings import MailSettings
from gateway.errors import Misconfigured
from gateway.settings import ConfigFile

GOOD: dict[str, object] = {
    "name": "aduan",
    "host": "imap.contoh.example",
    "username": "aduan@ngawi.example",
    "password": "sandi",
}
OAUTH: dict[str, object] = {
    "token_url": "https://login.contoh.example/token",
    "client_id": "gerbang",
    "client_secret": "rahasia",
}
SMTP: dict[str, object] = {"host": "smtp.contoh.example", "from_address": "aduan@ngawi.example"}


def config(*accounts: dict[str, object]) -> ConfigFile:
    return ConfigFile(None, {"mail": {"accounts": list(accounts)}})


def test_the_least_that_is_needed() -> None:
    (account,) = config(GOOD).load(MailSettings).accounts
    assert (account.effective_port, account.security, account.folder) == (993, "tls", "INBOX")
    assert account.event_account == "aduan"
    assert account.own_addresses == {"aduan@ngawi.example"}
    assert build(ConfigFile(None)) == []
    assert build_repliers(ConfigFile(None)) == []
    assert [one.account for one in build(config(GOOD))] == ["aduan"]


@pytest.mark.parametrize(
    ("security", "imap", "smtp"), [("tls", 993, 465), ("starttls", 143, 587), ("plain", 143, 25)]
)
def test_usual_ports(security: str, imap: int, smtp: int) -> None:
    here = {"host": "127.0.0.1", "security": security}
    (account,) = config(GOOD | here | {"smtp": SMTP | here}).load(MailSettings).accounts
    assert account.smtp is not None
    assert (account.effective_port, account.smtp.effective_port) == (imap, smtp)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": None}, "set password, or oauth"),
        ({"password": ""}, "password"),
        ({"oauth": OAUTH}, "set password, or oauth"),
        ({"security": "plain"}, "only for a server on this machine"),
        ({"host": "127.0.0.1.evil.example", "security": "plain"}, "on this machine"),
        ({"after": "move"}, "move_to"),
        ({"move_to": "Selesai"}, "move_to"),
        ({"after": "move", "move_to": "INBOX"}, "the folder that is read"),
        ({"keyword": "dua kata"}, "no IMAP keyword"),
        ({"keyword": "\\Seen"}, "no IMAP keyword"),
        ({"poll_seconds": 1740}, "poll_seconds"),
        ({"addresses": ["bukan alamat"]}, "no mail address"),
        ({"name": "Aduan!"}, "name"),
        ({"sandi": "x"}, "sandi"),
        ({"smtp": SMTP | {"password": "x"}}, "username goes with"),
        ({"smtp": SMTP | {"username": "x"}}, "username goes with"),
        ({"smtp": SMTP | {"security": "plain"}}, "on this machine"),
        ({"smtp": SMTP | {"from_address": "é@ngawi.example"}}, "letters beyond ASCII"),
        ({"password": None, "oauth": OAUTH | {"token_url": "http://x.example/t"}}, "https://"),
        (
            {"password": None, "oauth": OAUTH | {"token_url": "http://127.0.0.1@x.example/"}},
            "https://",
        ),
    ],
)
def test_what_is_wrong_is_said_without_values(changed: dict[str, object], says: str) -> None:
    values = {key: value for key, value in (GOOD | changed).items() if value is not None}
    with pytest.raises(Misconfigured, match=says) as told:
        config(values).load(MailSettings)
    assert "sandi" not in str(told.value).replace("sandi is not known", "")
    assert "rahasia" not in str(told.value)


def test_two_of_one_name() -> None:
    with pytest.raises(Misconfigured, match="names must differ"):
        config(GOOD, GOOD | {"folder": "Lain"}).load(MailSettings)


def test_a_secret_is_not_shown() -> None:
    account = config(GOOD | {"smtp": SMTP | {"username": "u", "password": "p455"}})
    shown = repr(account.load(MailSettings)) + repr(build(account)) + repr(build_repliers(account))
    assert "'sandi'" not in shown
    assert "p455" not in shown
