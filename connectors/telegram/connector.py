"""How updates arrive: Telegram calls ``/telegram/<account>``, or we ask it."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from connectors.telegram.album import join_album
from connectors.telegram.payload import Reader
from connectors.telegram.polling import TelegramPolling
from connectors.telegram.settings import PollingAccount, TelegramSettings, WebhookAccount
from connectors.telegram.webhook_watch import WebhookWatch
from gateway.contract import Route, WebReply, WebRequest
from gateway.errors import Forged
from gateway.settings import ConfigFile, GatewaySettings, NormalizerSettings, WebSettings
from normalizer.draft import Draft, Gathering
from normalizer.event import Channel

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name

#: Two texts of 4,096 characters (one quoted), each as 12 bytes of JSON, and their entities. What
#: is refused for its size Telegram repeats, and holds everything behind it back.
_MAX_UPDATE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class TelegramWebhooks:
    """Every bot with ``mode = "webhook"``."""

    accounts: tuple[WebhookAccount, ...]
    reference_prefix: str
    joined_channels: tuple[Channel, ...] = field(default=(Channel.TELEGRAM,), init=False)

    def routes(self) -> Sequence[Route]:
        """One for every bot."""
        return [
            Route(
                method="POST",
                path=webhook_path(account),
                channel=Channel.TELEGRAM,
                account=account.name,
                verify=partial(_verify, account),
                read=partial(_read, Reader(account, self.reference_prefix)),
                max_body_bytes=_MAX_UPDATE_BYTES,
            )
            for account in self.accounts
        ]

    def join(self, gathering: Gathering) -> Draft:
        """See ``Joins.join``."""
        return join_album(gathering)


def webhook_path(account: WebhookAccount) -> str:
    """Where Telegram calls this bot's webhook, below ``public_base_url``."""
    return f"/telegram/{account.name}"


def _verify(account: WebhookAccount, request: WebRequest) -> None:
    """The secret that ``setWebhook`` was given, in constant time."""
    given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(account.secret_token.get_secret_value().encode(), given):
        raise Forged


def _read(reader: Reader, request: WebRequest) -> WebReply:
    """Any 2xx confirms an update; an empty body asks Telegram for nothing."""
    reading = reader.parse(request.body)
    return WebReply(() if reading.item is None else (reading.item,), ignored=reading.ignored)


def build(config: ConfigFile) -> Sequence[TelegramWebhooks | TelegramPolling | WebhookWatch]:
    """The connectors: one for all webhooks with a watch for each, one for each polled bot.

    Raises:
        Misconfigured: a setting is wrong.
    """
    accounts = config.load(TelegramSettings).accounts
    prefix = config.load(NormalizerSettings).reference_prefix
    called = tuple(one for one in accounts if isinstance(one, WebhookAccount))
    polled = [one for one in accounts if isinstance(one, PollingAccount)]
    data_dir = config.load(GatewaySettings).data_dir
    base_url = config.load(WebSettings).public_base_url
    return [
        *([TelegramWebhooks(called, prefix)] if called else []),
        *(WebhookWatch(one, base_url + webhook_path(one)) for one in called),
        *(TelegramPolling(Reader(one, prefix), data_dir) for one in polled),
    ]
