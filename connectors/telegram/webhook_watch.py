"""Looks from time to time at what Telegram still holds for a webhook.

When nobody can reach us Telegram keeps updates for 24 hours and tells nobody. This asks it
(``getWebhookInfo``), and keeps the same metric as polling does: the time at which Telegram last
had nothing that it could not bring. It never brings items itself.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from telegram import WebhookInfo
from telegram.error import TelegramError

from connectors.telegram.api import UNREADABLE, Api
from connectors.telegram.settings import WebhookAccount
from gateway.contract import Delivery
from gateway.errors import NotConnected
from gateway.metrics import POLLING_LAST_CONTACT
from normalizer.event import Channel

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class WebhookWatch:
    """Implements ``PollingConnector``; ``receive`` ends by cancelling only."""

    channel = Channel.TELEGRAM

    def __init__(
        self,
        account: WebhookAccount,
        url: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.account = account.name
        self._bot = account
        self._url = url
        self._sleep = sleep
        self._now = now
        self._api: Api | None = None
        #: When everything had been brought, as far as the looks tell.
        self._good_at = 0.0
        #: What the last warning said; one is enough while it gets no worse.
        self._warned: tuple[str, int] = ("", 0)

    async def connect(self) -> None:
        """See ``PollingConnector.connect``."""
        self._api = Api(self._bot)
        POLLING_LAST_CONTACT.labels(self.channel, self.account)

    async def receive(self) -> Delivery:
        """Look, for ever. Raises NotConnected: Telegram does not answer."""
        while True:
            self._judge(await self._ask())
            await self._sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """See ``PollingConnector.close``."""
        if self._api is not None:
            await self._api.close()
            self._api = None

    async def _ask(self) -> WebhookInfo:
        if self._api is None:
            raise NotConnected("not connected yet")
        try:
            return await self._api.bot.get_webhook_info()
        except (TelegramError, *UNREADABLE) as error:
            log.warning(
                "telegram.not_watched",
                extra={"account": self.account, "error": type(error).__name__},
            )
            raise NotConnected("Telegram does not say how the webhook fares") from None

    def _judge(self, info: WebhookInfo) -> None:
        error_at = info.last_error_date.timestamp() if info.last_error_date else 0.0
        if info.url != self._url:
            self._warn("other_url", info.pending_update_count)
        # Waiting ones alone are traffic; with an error since the last good look they are stuck.
        elif info.pending_update_count and error_at > self._good_at:
            self._warn("not_delivered", info.pending_update_count)
        else:
            self._warned = ("", 0)
            self._good_at = self._now()
            POLLING_LAST_CONTACT.labels(self.channel, self.account).set(self._good_at)

    def _warn(self, reason: str, pending: int) -> None:
        told, before = self._warned
        if told == reason and pending <= before:
            return
        self._warned = (reason, pending)
        log.warning(
            "telegram.webhook_falls_behind",
            extra={"account": self.account, "reason": reason, "count": pending},
        )
