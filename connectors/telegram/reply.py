"""Answers by ``sendMessage``, as a reply to the message that is answered."""

from collections.abc import Sequence
from datetime import timedelta

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from connectors.telegram.api import UNREADABLE, Api, is_unsent
from connectors.telegram.settings import AccountBase, TelegramSettings
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath

_NO_SUCH_CHAT = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty")


class TelegramReplier:
    """Implements ``gateway.contract.Replier`` for one bot."""

    channel = Channel.TELEGRAM

    def __init__(self, account: AccountBase) -> None:
        self.account = account.name
        self._settings = account
        self._api: Api | None = None

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """See ``Replier.reply``. ``path.address`` is the chat, ``path.thread`` the message.

        A group that has become a supergroup is answered under its new id, at once.
        """
        try:
            try:
                return await self._send(path.address, path.thread, reply.text)
            except ChatMigrated as moved:
                # Messages have other ids there.
                return await self._send(str(moved.new_chat_id), None, reply.text)
        except TelegramError as error:
            raise _ours(error) from None
        except UNREADABLE:
            # Telegram took it, and what it said to it cannot be read.
            raise ReplyUnknown("sent, and the answer is not the Bot API's") from None

    async def close(self) -> None:
        """See ``Replier.close``."""
        if self._api is not None:
            await self._api.close()
            self._api = None

    async def _send(self, chat: str, thread: str | None, text: str) -> str:
        # Made here: it wants a running loop.
        self._api = self._api or Api(self._settings)
        answered = None
        if thread is not None and thread.isdecimal():
            # The message may be deleted by now; its sender is answered all the same.
            answered = ReplyParameters(int(thread), allow_sending_without_reply=True)
        sent = await self._api.bot.send_message(
            chat,
            text,
            reply_parameters=answered,
            # LAPOR's link stands in the text; its picture helps nobody.
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        return str(sent.message_id)


def _ours(error: TelegramError) -> ReplyRefused | ReplyAway | ReplyUnknown:
    """What the replies process is told. Telegram's own words stay here: they may name people."""
    match error:
        case Forbidden():
            return ReplyRefused("blocked")
        case ChatMigrated():
            return ReplyRefused("bad_address")
        case BadRequest():
            unknown = any(word in error.message.lower() for word in _NO_SUCH_CHAT)
            return ReplyRefused("bad_address" if unknown else "refused")
        case RetryAfter(retry_after=timedelta() as pause):
            return ReplyAway("rate_limited", pause.total_seconds())
        case RetryAfter():
            return ReplyAway("rate_limited")
        case InvalidToken():
            return ReplyAway("credentials")
        case NetworkError() if is_unsent(error):
            return ReplyAway("unreachable")
    # A time-out, a cut connection, a fault of Telegram's: it may have been sent before that.
    return ReplyUnknown("sent, and no usable answer came")


def build_repliers(config: ConfigFile) -> Sequence[TelegramReplier]:
    """One for every bot. Raises Misconfigured."""
    return [TelegramReplier(account) for account in config.load(TelegramSettings).accounts]
