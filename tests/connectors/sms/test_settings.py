"""What may be written under ``[sms]``: above all, no account that anybody could send to."""

from pathlib import Path

import pytest

from connectors.sms.connector import SmsConnector, build
from connectors.sms.settings import SmsSettings
from gateway.errors import Misconfigured
from gateway.settings import ConfigFile, read_config
from normalizer.event import Channel
from tests.connectors.sms.accounts import ACCOUNTS, BEARER

SECRET = "sangat-rahasia-sekali"


def _config(*accounts: dict[str, object]) -> ConfigFile:
    return ConfigFile(None, {"sms": {"accounts": list(accounts)}})


def test_no_account_is_no_connector() -> None:
    assert build(ConfigFile(None)) == ()
    assert build(_config()) == ()


def test_accounts_stand_side_by_side() -> None:
    named = [{"name": dialect, **account} for dialect, account in ACCOUNTS.items()]
    (connector,) = build(_config(*named))
    assert isinstance(connector, SmsConnector)
    routes = connector.routes()
    expected = {(m, f"/sms/{name}", name) for name in ACCOUNTS for m in ("GET", "POST")}
    assert {(each.method, each.path, each.account) for each in routes} == expected
    assert {each.channel for each in routes} == {Channel.SMS}


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "gateway.toml").write_text(
        "[[sms.accounts]]\n"
        'name = "1708"\n'
        'dialect = "kannel"\n'
        'username = "kannel"\n'
        'password = { file = "secret" }\n'
    )
    (connector,) = build(read_config(tmp_path / "gateway.toml"))
    (account,) = connector.accounts
    assert account.dialect == "kannel"
    assert account.password is not None
    assert account.password.get_secret_value() == SECRET
    assert SECRET not in repr(connector) + repr(connector.routes())


def test_accounts_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    account = f'[{{"name": "a", "dialect": "twilio", "auth_token": "{SECRET}"}}]'
    monkeypatch.setenv("GATEWAY_SMS_ACCOUNTS", account)
    (connector,) = build(ConfigFile(None))
    assert [each.name for each in connector.accounts] == ["a"]


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({"dialect": "kannel"}, "without one anybody may send"),
        ({"dialect": "jasmin"}, "without one anybody may send"),
        ({"dialect": "kannel", "username": "u"}, "belong together"),
        ({"dialect": "jasmin", "password": SECRET}, "belong together"),
        ({"dialect": "kannel", "token": ""}, "at least 8"),
        ({"dialect": "kannel", "token": "pendek"}, "at least 8"),
        ({"dialect": "twilio"}, "auth_token is missing"),
        ({"dialect": "twilio", "auth_token": ""}, "at least 8"),
        ({"dialect": "generic"}, "verify is missing"),
        ({"dialect": "generic", "verify": {"kind": "none"}}, "none"),
        ({"dialect": "generic", "verify": {"kind": "hmac"}}, "secret is missing"),
        ({"dialect": "generic", "verify": {"kind": "bearer", "token": ""}}, "at least 8"),
        ({"dialect": "generic", "verify": BEARER, "time_zone": "WIB"}, "Asia/Jakarta"),
        ({"dialect": "generic", "verify": BEARER, "time_format": "rfc"}, "unix_ms"),
        ({"dialect": "generic", "verify": BEARER, "ack": {"status": 500}}, "299"),
        ({"dialect": "infobip"}, "verify is missing"),
        ({"dialect": "infobip", "verify": {"kind": "header", "header": "X: Y"}}, "header"),
        ({"dialect": "vonage"}, "signature_secret is missing"),
        ({"dialect": "vonage", "signature_secret": SECRET, "signature_method": "x"}, "sha512"),
        ({"dialect": "africastalking"}, "without one anybody may send"),
        ({"dialect": "bird", "signing_key": "pendek"}, "at least 8"),
        ({"dialect": "plivo"}, "auth_token is missing"),
        ({"dialect": "clickatell", "username": "u"}, "belong together"),
        ({"dialect": "gammu"}, "token is missing"),
        ({"dialect": "gammu", "token": SECRET, "reply": {"kind": "fax"}}, "kannel"),
        ({"dialect": "gammu", "token": SECRET, "join_wait_seconds": 0}, "greater than 0"),
        ({"dialect": "smpp"}, "smpp"),
        ({"dialect": "twilio", "auth_token": SECRET, "name": "A/B"}, "name"),
        ({"dialect": "twilio", "auth_token": SECRET, "pasword": SECRET}, "pasword"),
    ],
)
def test_account_that_cannot_be(account: dict[str, object], says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        build(_config({"name": "uji", **account}))
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


def test_two_accounts_of_one_name() -> None:
    twice = {"name": "uji", **ACCOUNTS["kannel"]}
    with pytest.raises(Misconfigured, match="two accounts are called uji"):
        build(_config(twice, twice))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        SmsSettings().accounts = ()  # type: ignore[misc]
