"""Calls to the Bot API, by python-telegram-bot, with our time-outs and nothing from outside.

The token is part of every address, so no address and no exception of the libraries gets further
than this folder: what is raised is ours, ``from None``.
"""

import os
from types import TracebackType

import httpx
from telegram import Bot
from telegram.error import NetworkError
from telegram.request import HTTPXRequest

from connectors.telegram.settings import AccountBase

# python-telegram-bot's own switch for times as ``timedelta``; without it every flood-control
# answer writes a warning to standard error.
os.environ.setdefault("PTB_TIMEDELTA", "true")

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 20.0

#: What the library's types choke on when an answer is not the Bot API's (a proxy's, half of one).
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)

#: Causes after which nothing can have reached Telegram.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Api:
    """One bot's calls. Use inside a running loop; close at the end."""

    def __init__(self, account: AccountBase, answer_seconds: float = _ANSWER_SECONDS) -> None:
        requests = [_request(answer_seconds) for _ in range(2)]
        self.bot = Bot(
            account.bot_token.get_secret_value(),
            base_url=f"{account.base_url}/bot",
            base_file_url=f"{account.base_url}/file/bot",
            request=requests[0],
            get_updates_request=requests[1],
        )
        self._requests = requests

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        # Bot.shutdown() does nothing on a bot that was never asked who it is.
        for request in self._requests:
            await request.shutdown()

    async def __aenter__(self) -> Bot:
        return self.bot

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def is_unsent(error: NetworkError) -> bool:
    """Whether a failed call certainly did not reach Telegram."""
    return isinstance(error.__cause__, _BEFORE_SENDING)


def _request(answer_seconds: float) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=4,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=answer_seconds,
        write_timeout=answer_seconds,
        pool_timeout=answer_seconds,
        # No proxy, no .netrc: what is called is decided by the settings alone.
        httpx_kwargs={"trust_env": False},
    )
