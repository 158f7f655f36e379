"""A mailbox as a polled channel: listed whole, taken one by one, marked when the log has it."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from connectors.mail.imap import CannotFetch, Mailbox
from connectors.mail.payload import Reading, read_header, read_mail
from connectors.mail.seen import Seen
from connectors.mail.settings import MailAccount, MailSettings
from connectors.mail.tokens import Tokens
from gateway.contract import Delivery, Item
from gateway.errors import NotConnected
from gateway.metrics import POLLING_LAST_CONTACT
from gateway.ownership import Cursor, Ownership
from gateway.settings import ConfigFile, GatewaySettings
from normalizer.draft import Draft, Rejection, RejectionReason
from normalizer.event import Channel

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A mail at which the connection broke so often is set aside; the others must not wait for it.
_TRIES = 3
_CLOSE_SECONDS = 5.0


class MailConnector:
    """Implements ``PollingConnector``. IMAP runs in one thread of its own."""

    channel = Channel.EMAIL

    def __init__(self, config_account: MailAccount, data_dir: Path) -> None:
        self._settings = config_account
        self.account = config_account.event_account
        name = (config_account.host, config_account.username, config_account.folder)
        self._owner = Ownership(data_dir, "mail", *name)
        self._cursor = Cursor(data_dir, "mail", *name)
        self._seen = Seen(data_dir / "mail.db")
        self._tokens = Tokens(config_account.oauth) if config_account.oauth else None
        self._box = Mailbox(config_account)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[int, int]] = deque()
        #: Where marks do not last: up to here everything is in the log.
        self._after_uid = 0
        #: How often the connection broke at a mail; it outlives the connection.
        self._broken: Counter[int] = Counter()

    async def connect(self) -> None:
        """See ``PollingConnector.connect``."""
        await asyncio.to_thread(self._owner.take)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._box = Mailbox(self._settings)
        self._waiting.clear()
        secret = await self._secret()
        try:
            await self._do(partial(self._box.open, secret, oauth=self._tokens is not None))
        except NotConnected:
            if self._tokens is not None:
                self._tokens.forget()
            raise
        self._after_uid = _uid_of(await asyncio.to_thread(self._cursor.read), self._box.uidvalidity)

    async def receive(self) -> Delivery:
        """See ``PollingConnector.receive``."""
        while True:
            if not self._waiting:
                await self._list()
                continue
            uid, size = self._waiting[0]
            item = await self._read(uid, size)
            self._waiting.popleft()
            if item is not None:
                stays = isinstance(item, Rejection) and item.reason is RejectionReason.TOO_LARGE
                return Delivery(item, partial(self._settle, uid, stays))

    async def close(self) -> None:
        """See ``PollingConnector.close``."""
        self._box.stop()
        thread, self._thread = self._thread, None
        if thread is not None:
            done = thread.submit(self._let_go)
            await asyncio.wait({asyncio.wrap_future(done)}, timeout=_CLOSE_SECONDS)
            # A thread that hangs in a call ends with the call's own time-out.
            thread.shutdown(wait=False)
        self._owner.release()

    async def _list(self) -> None:
        listed = await self._do(lambda: self._box.listed(self._after_uid))
        POLLING_LAST_CONTACT.labels(self.channel, self.account).set(time.time())
        self._waiting.extend(listed.sizes)
        if not self._waiting:
            await self._do(lambda: self._box.wait(self._settings.poll_seconds))

    async def _read(self, uid: int, size: int) -> Item | None:
        try:
            item = await self._do(lambda: self._read_in_thread(uid, size))
        except NotConnected:
            self._broken[uid] += 1
            raise
        self._broken.pop(uid, None)
        return item

    def _read_in_thread(self, uid: int, size: int) -> Item | None:
        try:
            if self._broken[uid] >= _TRIES:
                raise CannotFetch
            if size > self._settings.max_message_bytes:
                header = self._box.fetch_header(uid)
                return None if header is None else self._aside(header, RejectionReason.TOO_LARGE)
            raw = self._box.fetch(uid)
        except CannotFetch:
            # Named by its place, so that a person finds it on the server.
            place = f"X-UID: {self._box.uidvalidity}/{uid}\r\n\r\n".encode()
            return self._aside(place, RejectionReason.UNREADABLE)
        if raw is None:
            log.warning("mail.gone", extra={"channel": self.channel, "account": self.account})
            return None
        return self._named(read_mail(self._settings, raw))

    def _aside(self, header: bytes, reason: RejectionReason) -> Item:
        return read_header(self._settings, header, reason).item

    def _named(self, reading: Reading) -> Item:
        """The item under its id: a Message-ID that another mail had before is not enough."""
        item = reading.item
        if not isinstance(item, Draft) or reading.message_id is None:
            return item
        found = self._seen.source_id(self.account, reading.message_id, reading.fingerprint)
        return replace(item, source_id=found)

    async def _settle(self, uid: int, stays: bool) -> None:
        try:
            await self._do(lambda: self._box.taken(uid, stays=stays))
        finally:
            # Oldest first, and one at a time: everything up to here is in the log.
            if uid > self._after_uid:
                self._after_uid = uid
                await asyncio.to_thread(self._cursor.write, f"{self._box.uidvalidity} {uid}")

    async def _secret(self) -> str:
        if self._tokens is not None:
            return await self._tokens.get()
        password = self._settings.password
        return password.get_secret_value() if password else ""

    async def _do(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise NotConnected("no connection to the mailbox")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _let_go(self) -> None:
        self._box.close()
        self._seen.close()


def _uid_of(cursor: str | None, uidvalidity: int) -> int:
    """The UID of the cursor; 0 when it counts in another numbering (RFC 3501, 2.3.1.1)."""
    validity, _, uid = (cursor or "").partition(" ")
    known = validity.isdigit() and uid.isdigit() and int(validity) == uidvalidity
    return int(uid) if known else 0


def build(config: ConfigFile) -> Sequence[MailConnector]:
    """One for every mailbox.

    Raises:
        Misconfigured: a setting is wrong.
    """
    data_dir = config.load(GatewaySettings).data_dir
    return [MailConnector(one, data_dir) for one in config.load(MailSettings).accounts]
