"""``[x]``: the accounts on X that receive messages and mentions."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.settings import Section, section_config

#: Shorter ones are guessed; an empty secret file would otherwise switch the check off.
_SHORTEST_SECRET = 8

Secret = Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address like https://api.x.com")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UserKeys(_Part):
    """OAuth 1.0a keys with which the gateway acts as the account; "Keys and tokens" of the app.

    The app needs the permission "Read and write and Direct message".
    """

    consumer_key: Annotated[str, Field(min_length=1)]
    access_token: Secret
    access_token_secret: Secret


class XAccount(_Part):
    """One account of ours on X."""

    #: The last part of its address, ``/x/<name>``, and the account of its events.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: Of the app ("API key secret"): signs what X sends us, and what we send as the account.
    consumer_secret: Secret
    #: The numeric id of our account, ``for_user_id`` in what X sends.
    user_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
    #: Without the @.
    handle: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,15}$")]
    #: None: nobody is answered and pictures of private messages are not fetched.
    keys: UserKeys | None = None
    #: Whether a mention is answered in public, with the invitation to write in private.
    answer_mentions: bool = True
    #: Of the app, for ``gateway check`` alone: it looks whether X has our address.
    bearer_token: Secret | None = None


class XSettings(Section):
    """``[x]``: several accounts may stand side by side."""

    table = "x"
    model_config = section_config("x")

    accounts: tuple[XAccount, ...] = ()
    api_base_url: BaseUrl = "https://api.x.com"
    #: Where pictures of private messages lie; they are fetched with the account's keys.
    private_media_url: BaseUrl = "https://ton.twitter.com"
    #: Hosts of public pictures and videos.
    media_hosts: tuple[str, ...] = ("pbs.twimg.com", "video.twimg.com")

    @model_validator(mode="after")
    def _distinct(self) -> "XSettings":
        names = [account.name for account in self.accounts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        return self
