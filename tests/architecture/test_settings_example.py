"""``gateway.toml.example`` is true: every key is there, known, and says the default."""

import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, SecretStr

from connectors.call_center.settings import CallCenterSettings
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.mail.settings import MailSettings
from connectors.meta.settings import MetaSettings
from connectors.sms.settings import Account, SmsSettings
from connectors.telegram.settings import TelegramSettings
from connectors.x.settings import XSettings
from deliver.console.settings import ConsoleSettings
from deliver.identity.settings import RetentionSettings
from deliver.lapor.xml_settings import LaporXmlSettings
from deliver.proof.settings import ProofSettings
from deliver.settings import DeliverSettings, LaporSettings, LedgerSettings
from gateway.auth import AuthSettings
from gateway.settings import (
    BlobSettings,
    GatewaySettings,
    LogSettings,
    MediaSettings,
    NormalizerSettings,
    RepliesSettings,
    SealingSettings,
    Section,
    TopicSettings,
    WebSettings,
    read_config,
)

EXAMPLE = Path(__file__).parents[2] / "gateway.toml.example"
SECTIONS: list[type[Section]] = [
    GatewaySettings,
    WebSettings,
    LogSettings,
    TopicSettings,
    SealingSettings,
    NormalizerSettings,
    BlobSettings,
    MediaSettings,
    RepliesSettings,
    SmsSettings,
    TelegramSettings,
    MetaSettings,
    XSettings,
    MailSettings,
    CallCenterSettings,
    ComplaintBoxSettings,
    AuthSettings,
    LedgerSettings,
    DeliverSettings,
    LaporSettings,
    LaporXmlSettings,
    ProofSettings,
    RetentionSettings,
    ConsoleSettings,
]
#: Set in the example because the default would show nothing.
SHOWN_OTHERWISE = {
    ("complaint_box", "enabled"),
    ("complaint_box", "boxes"),
    ("sms", "accounts"),
    ("telegram", "accounts"),
    ("meta", "apps"),
    ("x", "accounts"),
    ("mail", "accounts"),
    ("call_center", "accounts"),
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.table)
def test_every_key_is_explained_and_is_the_default(section: type[Section]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    written = tomllib.loads(text)[section.table]
    example, default = read_config(EXAMPLE).load(section), section()
    for key in section.model_fields:
        # Keys without a default are shown as a comment.
        assert key in written or f"\n# {key} = " in text, f"{section.table}.{key} is not there"
        if (section.table, key) in SHOWN_OTHERWISE or key not in written:
            continue
        value, usual = getattr(example, key), getattr(default, key)
        if isinstance(usual, Path):
            value, usual = Path(value).relative_to(EXAMPLE.parent), usual
        if isinstance(usual, SecretStr):
            value, usual = value.get_secret_value(), usual.get_secret_value()
        assert value == usual, f"{section.table}.{key}"


def test_no_table_without_a_section() -> None:
    written = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert set(written) == {section.table for section in SECTIONS}


def test_every_dialect_is_shown() -> None:
    accounts = read_config(EXAMPLE).load(SmsSettings).accounts
    known = {get_args(kind.model_fields["dialect"].annotation)[0] for kind in _account_kinds()}
    assert {account.dialect for account in accounts} == known


def _account_kinds() -> tuple[type[BaseModel], ...]:
    kinds: tuple[type[BaseModel], ...] = get_args(get_args(Account)[0])
    return kinds
