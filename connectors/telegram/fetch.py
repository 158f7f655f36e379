"""Files, by ``getFile`` and a download. A file's address holds the bot's token: it stays here."""

from collections.abc import Sequence

from telegram import File
from telegram.error import BadRequest, RetryAfter, TelegramError

from connectors.telegram.api import UNREADABLE, Api
from connectors.telegram.settings import AccountBase, TelegramSettings
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, Answer, AnswerTooLarge, Outgoing, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: Bot API, "getFile": larger files are not given to bots.
MOST_BYTES = 20_000_000
_DOWNLOAD_SECONDS = 120.0


class TelegramFetcher:
    """Implements ``gateway.contract.Fetcher`` for one bot. Make it inside a running loop."""

    channel = Channel.TELEGRAM

    def __init__(self, account: AccountBase) -> None:
        self.account = account.name
        self._api = Api(account)
        self._http = Outgoing((account.base_url,), total_seconds=_DOWNLOAD_SECONDS)

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """See ``Fetcher.fetch``. ``media_id`` is a ``file_id``; it does not expire by itself."""
        file = await self._find(media_id)
        if file.file_size is not None and file.file_size > max_bytes:
            raise MediaRefused("too_large")
        if file.file_path is None:
            raise MediaAway
        answer = await self._download(file.file_path, max_bytes)
        if answer.status != 200:
            # The path was given a moment ago: a file server that has it not yet, or any more.
            raise MediaAway(answer.retry_after_seconds)
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        return Fetched(answer.body, kind.partition(";")[0].strip().lower())

    async def close(self) -> None:
        """See ``Fetcher.close``."""
        await self._api.close()
        await self._http.close()

    async def _find(self, media_id: str) -> File:
        try:
            return await self._api.bot.get_file(media_id)
        except BadRequest as error:
            raise _refusal(error.message.lower()) from None
        except RetryAfter as error:
            pause = error.retry_after
            seconds = pause if isinstance(pause, int) else pause.total_seconds()
            raise MediaAway(seconds) from None
        except (TelegramError, *UNREADABLE):
            raise MediaAway from None

    async def _download(self, url: str, max_bytes: int) -> Answer:
        try:
            return await self._http.download(url, max_bytes=max_bytes)
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except OutgoingFault:
            raise MediaAway from None


def _refusal(said: str) -> MediaGone | MediaRefused | MediaAway:
    if "too big" in said:
        return MediaRefused("too_large")
    if "temporarily unavailable" in said:
        # Telegram says "wrong file_id or the file is temporarily unavailable" for both.
        return MediaAway()
    return MediaGone("Telegram knows no such file")


def build_fetchers(config: ConfigFile) -> Sequence[TelegramFetcher]:
    """One for every bot; call it inside a running loop. Raises Misconfigured."""
    return [TelegramFetcher(account) for account in config.load(TelegramSettings).accounts]
