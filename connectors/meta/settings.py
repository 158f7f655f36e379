"""``[meta]``: the apps at Meta, and in each the pages, Instagram accounts and WhatsApp numbers.

An app cannot be written down without its secret: verification is never off.
"""

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.settings import Section, section_config
from normalizer.event import Channel

#: Shorter ones are guessed; an empty secret file would otherwise switch the check off.
_SHORTEST_SECRET = 8

Secret = Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]
#: Starts with a letter: no account may be called what another one's id is.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
MetaId = Annotated[str, Field(pattern=r"^[0-9]{1,40}$")]


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is no address like https://graph.facebook.com")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountBase(_Part):
    """What a page, an Instagram account and a WhatsApp number have in common."""

    #: As Meta writes it in webhooks: page id, Instagram account id, phone number id.
    id: MetaId
    #: The account of its events. Changing it later makes a late repeat a new complaint.
    name: Name
    #: For answers and attachments; without it complaints come in all the same.
    access_token: Secret | None = None
    #: Whether reporters are answered, as far as ``[replies]`` is enabled.
    reply: bool = True


class PageAccount(AccountBase):
    """A Facebook page: Messenger, comments, posts, mentions."""


class InstagramAccount(AccountBase):
    """An Instagram professional account: direct messages, comments, mentions."""

    #: The page it is connected with, when the token is that page's. None: Instagram Login.
    page_id: MetaId | None = None


class WhatsAppNumber(AccountBase):
    """A number of the WhatsApp Cloud API; ``id`` is its phone number id."""

    #: For `gateway check`: the WhatsApp Business Account that the app has to subscribe to.
    business_account_id: MetaId | None = None


Account = PageAccount | InstagramAccount | WhatsAppNumber


class MetaApp(_Part):
    """One app at Meta: one address, one secret, any number of accounts."""

    #: The last part of its address, ``/meta/<name>``.
    name: Name
    #: App settings, Basic. For Instagram Login it is the *Instagram* app secret.
    app_secret: Secret
    #: Chosen by us, typed into the dashboard; proves that the one who registers is us.
    verify_token: Secret
    #: For `gateway check`, which then compares what the app is subscribed to.
    app_id: MetaId | None = None
    #: Instagram Login: ``https://graph.instagram.com``.
    graph_base_url: BaseUrl = "https://graph.facebook.com"
    graph_version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v23.0"
    #: Further places that attachments are fetched from, beside Meta's own hosts.
    media_base_urls: tuple[BaseUrl, ...] = ()
    #: For apps that have "Require app secret" switched on.
    app_secret_proof: bool = False
    pages: tuple[PageAccount, ...] = ()
    instagram: tuple[InstagramAccount, ...] = ()
    whatsapp: tuple[WhatsAppNumber, ...] = ()

    def accounts(self) -> Iterable[tuple[Channel, Account]]:
        """Every account and the channel of its items."""
        yield from ((Channel.FACEBOOK, page) for page in self.pages)
        yield from ((Channel.INSTAGRAM, account) for account in self.instagram)
        yield from ((Channel.WHATSAPP, number) for number in self.whatsapp)

    def account_name(self, channel: Channel, meta_id: str | None) -> str:
        """The account of an item: the name of its page or number, else its id, else the app's."""
        for of, account in self.accounts():
            if of is channel and account.id == meta_id:
                return account.name
        return meta_id or self.name


class MetaSettings(Section):
    """``[meta]``: several apps may stand side by side."""

    table = "meta"
    model_config = section_config("meta")

    apps: tuple[MetaApp, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "MetaSettings":
        _refuse_twice("two apps are called", [app.name for app in self.apps])
        accounts = [each for app in self.apps for each in app.accounts()]
        for channel in (Channel.FACEBOOK, Channel.INSTAGRAM, Channel.WHATSAPP):
            here = [account for of, account in accounts if of is channel]
            _refuse_twice(f"two {channel} accounts are called", [one.name for one in here])
            _refuse_twice(f"two {channel} accounts have the id", [one.id for one in here])
        return self


def _refuse_twice(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} {', '.join(twice)}; they must differ")
