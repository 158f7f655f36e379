"""Asking Telegram for updates, with an offset of our own that follows the log.

Bot API, "getUpdates": an update is confirmed, and forgotten by Telegram, as soon as the call is
made with an offset higher than its id. So an id is only ever confirmed after the log has the item.
The offset is sent once and then left out: after a week without updates Telegram goes on with a
random id, and an old offset above it would confirm what nobody has seen.

``getUpdates`` is called without python-telegram-bot, which reads all updates of an answer or none.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from connectors.telegram.album import join_album
from connectors.telegram.payload import ALLOWED_UPDATES, Reader, Reading
from gateway.contract import Delivery
from gateway.errors import NotConnected
from gateway.http import Answer, Outgoing, OutgoingFault
from gateway.metrics import INTAKE_IGNORED, POLLING_LAST_CONTACT
from gateway.ownership import Cursor, Ownership
from normalizer.draft import Draft, Gathering, Rejection, RejectionReason
from normalizer.event import Channel

log = logging.getLogger(__name__)

#: Telegram answers at once when there is something, else after this time.
POLL_SECONDS = 30.0
#: What an answer may take beyond that before the connection counts as dead.
_GRACE_SECONDS = 15.0
#: 100 updates of the largest size.
_MAX_ANSWER_BYTES = 50_000_000
#: Telegram keeps updates for 24 hours: an older offset has nothing to confirm any more, and
#: ids may have begun anew.
_OFFSET_IS_OLD_SECONDS = 86_400
#: The most that Telegram puts into one answer; so many mean that more are waiting.
_FULL_ANSWER = 100

_REASONS = {
    401: "token_refused",
    403: "token_refused",
    404: "token_refused",
    409: "conflict",
    429: "rate_limited",
}


class TelegramPolling:
    """Implements ``PollingConnector`` and ``Joins`` for one bot."""

    channel = Channel.TELEGRAM
    joined_channels = (Channel.TELEGRAM,)

    def __init__(
        self,
        reader: Reader,
        data_dir: Path,
        *,
        poll_seconds: float = POLL_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        bot = reader.account
        self.account = bot.name
        self._reader = reader
        self._ownership = Ownership(data_dir, Channel.TELEGRAM, bot.bot_id)
        self._cursor = Cursor(data_dir, Channel.TELEGRAM, bot.bot_id)
        self._poll_seconds = poll_seconds
        self._now = now
        self._http: Outgoing | None = None
        #: Updates of the last answer that are not given on yet.
        self._waiting: deque[object] = deque()
        #: What the next call confirms; None when there is nothing to confirm.
        self._offset: int | None = None

    async def connect(self) -> None:
        """Take the bot for this process, and go on where the log stands."""
        self._ownership.take()
        self._offset = self._stored_offset()
        self._http = Outgoing(
            (self._reader.account.base_url,), total_seconds=self._poll_seconds + _GRACE_SECONDS
        )
        # The series is there from the first moment, so that "never" is an alarm too.
        POLLING_LAST_CONTACT.labels(self.channel, self.account)

    async def receive(self) -> Delivery:
        """The next item. Updates without one are passed over and confirmed with the others."""
        while True:
            while self._waiting:
                update = self._waiting.popleft()
                reading, update_id = self._read(update), _update_id(update)
                if reading.item is not None:
                    return Delivery(reading.item, partial(self._settle, update_id))
                INTAKE_IGNORED.labels(
                    self.channel, self.account, reading.ignored or "protocol"
                ).inc()
                self._raise_offset(update_id)
            self._waiting.extend(await self._ask())

    async def close(self) -> None:
        """See ``PollingConnector.close``. What was not settled comes again."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        self._waiting.clear()
        self._ownership.release()

    def join(self, gathering: Gathering) -> Draft:
        """See ``Joins.join``."""
        return join_album(gathering)

    async def _settle(self, update_id: int | None) -> None:
        if update_id is not None:
            stored = f"{update_id + 1} {int(self._now())}"
            await asyncio.to_thread(self._cursor.write, stored)
        self._raise_offset(update_id)

    def _raise_offset(self, update_id: int | None) -> None:
        if update_id is not None:
            self._offset = update_id + 1

    def _stored_offset(self) -> int | None:
        """What was settled and perhaps not confirmed, unless Telegram has forgotten it since."""
        match (self._cursor.read() or "").split():
            case [offset, stored_at] if offset.isdecimal() and stored_at.isdecimal():
                if self._now() - int(stored_at) < _OFFSET_IS_OLD_SECONDS:
                    return int(offset)
        return None

    def _read(self, update: object) -> Reading:
        raw = json.dumps(update, ensure_ascii=False).encode("utf-8", "surrogatepass")
        try:
            return self._reader.read(update, raw)
        except Exception as error:
            # A fault of our reading: the bytes are kept, the operator is told, and the updates
            # behind this one go on.
            log.exception(
                "telegram.read_failed",
                extra={"account": self.account, "error": type(error).__name__},
            )
            return Reading(
                Rejection(
                    channel=self.channel,
                    account=self.account,
                    reason=RejectionReason.CONNECTOR_FAILED,
                    raw=raw,
                    raw_media_type="application/json",
                )
            )

    async def _ask(self) -> list[object]:
        """One ``getUpdates``. Raises NotConnected."""
        asked: dict[str, object] = {
            "timeout": int(self._poll_seconds),
            "limit": _FULL_ANSWER,
            "allowed_updates": ALLOWED_UPDATES,
        }
        if self._offset is not None:
            asked["offset"] = self._offset
        updates = self._updates_in(await self._call(asked))
        self._offset = None
        POLLING_LAST_CONTACT.labels(self.channel, self.account).set(self._now())
        if len(updates) >= _FULL_ANSWER:
            log.warning("telegram.backlog", extra={"account": self.account, "count": len(updates)})
        return updates

    async def _call(self, asked: dict[str, object]) -> Answer:
        bot = self._reader.account
        url = f"{bot.base_url}/bot{bot.bot_token.get_secret_value()}/getUpdates"
        if self._http is None:
            raise NotConnected("not connected yet")
        try:
            return await self._http.call("POST", url, json=asked, max_bytes=_MAX_ANSWER_BYTES)
        except OutgoingFault as fault:
            raise self._away(type(fault).__name__) from None

    def _updates_in(self, answer: Answer) -> list[object]:
        if answer.status != 200:
            raise self._away(_REASONS.get(answer.status, "server_fault"), answer.status)
        try:
            # Not ``answer.json()``: one damaged byte would stop this bot for ever.
            found = json.loads(answer.body.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            found = None
        updates = found.get("result") if isinstance(found, dict) else None
        if not isinstance(updates, list):
            raise self._away("no_bot_api", answer.status)
        if updates and all(_update_id(update) is None for update in updates):
            # Nothing in it could be confirmed: it would come again without end.
            raise self._away("no_bot_api", answer.status)
        return updates

    def _away(self, reason: str, status: int | None = None) -> NotConnected:
        """Say it in the log as well: the driver tells only that the channel is away."""
        log.warning(
            "telegram.not_polled",
            extra={"account": self.account, "reason": reason, "status": status},
        )
        return NotConnected(f"Telegram cannot be asked ({reason}); `gateway check` says why")


def _update_id(update: object) -> int | None:
    found = update.get("update_id") if isinstance(update, dict) else None
    return found if isinstance(found, int) else None
