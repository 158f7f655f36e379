"""What is a word to the bot, and what is a complaint that begins like one."""

import pytest

from connectors.telegram.commands import addresses, is_command

BOT = "ngawi_uji_bot"


@pytest.mark.parametrize(
    "text",
    [
        *("/start", "/START", " /start ", "/start@ngawi_uji_bot", "/start brosur-2026"),
        *("/bantuan", "/help", "/bantuan@Ngawi_Uji_Bot"),
        *("/status", "/status NGW-26-7K3M9QXA", "/status ngw 26 7k3m 9qxa", "/status 12345"),
        *("/status@ngawi_uji_bot NGW-26-7K3M9QXA", "/status\nNGW-26-7K3M9QXA"),
        *("status NGW-26-7K3M9QXA", "Status ngw267k3m9qxa?", "status  NGW-26-7K3M9QXA ."),
    ],
)
def test_commands(text: str) -> None:
    assert is_command(text, BOT, "NGW")


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/lapor", "/mulai", "/startjalan", "start", "bantuan"),
        "/start jalan rusak di Babadan",
        "/bantuan jalan saya rusak",
        *("/start@bot_lain", "/status@bot_lain NGW-26-7K3M9QXA"),
        "/status NGW-26-7K3M9QXA belum juga diperbaiki",
        "/status jalan rusak",
        "status NGW-26-7K3M9QXA bagaimana",
        *("status", "status gizi anak saya buruk", "status 12345", "NGW-26-7K3M9QXA"),
    ],
)
def test_complaints(text: str) -> None:
    assert not is_command(text, BOT, "NGW")


def test_the_regencys_own_prefix() -> None:
    assert is_command("status MGT-26-7K3M9QXA", BOT, "MGT")
    assert not is_command("status NGW-26-7K3M9QXA", BOT, "MGT")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@ngawi_uji_bot jalan rusak", True),
        ("jalan rusak, @NGAWI_UJI_BOT!", True),
        ("(@ngawi_uji_bot)", True),
        ("/lapor@ngawi_uji_bot", True),
        ("ngawi_uji_bot", False),
        ("@ngawi_uji_bot2", False),
        ("surat ke sri@ngawi_uji_bot", False),
        ("", False),
    ],
)
def test_addressed(text: str, meant: bool) -> None:
    assert addresses(text, BOT) is meant
