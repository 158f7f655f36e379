"""``[telegram]``: the bots, each of which either is called by Telegram or asks it.

The token opens the bot completely. It is a secret like any other and stands in no log, since the
Bot API wants it in every address.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.settings import Section, section_config

#: What @BotFather hands out: the bot's id, a colon, 35 characters.
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{8,100}")
#: ``setWebhook`` takes 1 to 256 of these; fewer than 8 are guessed.
_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,256}")


def _bot_token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("is no token as @BotFather gives it (123456789:AAAA…)")
    return value


def _secret_token(value: SecretStr) -> SecretStr:
    if not _SECRET_TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("must be 8 to 256 of the characters A-Z a-z 0-9 _ -")
    return value


class AccountBase(BaseModel):
    """What every bot has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The account of its events and the last part of its webhook, ``/telegram/<name>``.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    bot_token: Annotated[SecretStr, AfterValidator(_bot_token)]
    #: Without the ``@``: how people address it in groups. ``gateway check`` compares it.
    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{5,32}$")]
    #: Another Bot API server than Telegram's own.
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s/?#]+)*$")] = (
        "https://api.telegram.org"
    )

    @property
    def bot_id(self) -> str:
        """The bot's user id, which is the first part of its token."""
        return self.bot_token.get_secret_value().partition(":")[0]


class WebhookAccount(AccountBase):
    """Telegram calls us."""

    mode: Literal["webhook"]
    #: What ``setWebhook`` was given; Telegram sends it with every call.
    secret_token: Annotated[SecretStr, AfterValidator(_secret_token)]


class PollingAccount(AccountBase):
    """We ask Telegram: no address on the internet is needed."""

    mode: Literal["polling"]


Account = Annotated[WebhookAccount | PollingAccount, Field(discriminator="mode")]


class TelegramSettings(Section):
    """``[telegram]``: several bots may stand side by side."""

    table = "telegram"
    model_config = section_config("telegram")

    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "TelegramSettings":
        names = [account.name for account in self.accounts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        if len({account.bot_id for account in self.accounts}) < len(self.accounts):
            raise ValueError("two accounts have the token of the same bot")
        return self
