"""A mailbox as a polled channel: listed whole, taken one by one, marked when the log has it."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from connectors.mail.imap import Folder, Mailbox, Refused
from connectors.mail.payload import HEADER_MEDIA_TYPE, read_header, rejection
from connectors.mail.progress import Progress, start_of
from connectors.mail.reader import MailReader
from connectors.mail.seen import Seen
from connectors.mail.settings import MailAccount, MailSettings
from connectors.mail.tokens import Tokens
from gateway.contract import Delivery, Item
from gateway.errors import NotConnected
from gateway.metrics import INTAKE_IGNORED, POLLING_LAST_CONTACT
from gateway.ownership import Cursor, Ownership
from gateway.settings import ConfigFile, GatewaySettings
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import Channel

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A mail at which the connection broke so often is set aside. With the driver's pauses that is a
#: minute; until then it comes last, so that the others do not wait for it.
_TRIES = 6
#: 25 MB over a line of half a megabit a second. The time-out of the socket only ends a silence.
_LONGEST_STEP_SECONDS = 600.0
_CLOSE_SECONDS = 5.0
#: What stays where it is, also when taken mails are moved away: a person has to look at it.
_STAYING = (
    RejectionReason.TOO_LARGE,
    RejectionReason.UNREADABLE,
    RejectionReason.CONNECTOR_FAILED,
)


class MailConnector:
    """Implements ``PollingConnector``. IMAP runs in one thread of its own."""

    channel = Channel.EMAIL
    #: Made anew for each connection.
    _box: Mailbox
    _reader: MailReader
    _folder: Folder

    def __init__(
        self,
        settings: MailAccount,
        data_dir: Path,
        longest_step_seconds: float = _LONGEST_STEP_SECONDS,
    ) -> None:
        self._settings = settings
        self.account = settings.name
        name = ("mail", settings.host, settings.username, settings.folder)
        self._owner = Ownership(data_dir, *name)
        self._cursor = Cursor(data_dir, *name)
        self._seen_path = data_dir / "mail.db"
        self._longest_step = longest_step_seconds
        self._tokens = Tokens(settings.oauth) if settings.oauth else None
        self._thread: ThreadPoolExecutor | None = None
        #: UIDs and sizes.
        self._waiting: deque[tuple[int, int]] = deque()
        #: What outlives a connection, all of it under this numbering:
        self._uidvalidity: int | None = None
        #: how far it is in the log;
        self._progress = Progress(0)
        #: how often the connection broke at a mail;
        self._broken: Counter[int] = Counter()
        #: what the log has and the server has not marked yet, and whether it stays there.
        self._unmarked: dict[int, bool] = {}

    async def connect(self) -> None:
        """See ``PollingConnector.connect``."""
        await asyncio.to_thread(self._owner.take)
        self._box = Mailbox(self._settings)
        self._reader = MailReader(self._settings, Seen(self._seen_path))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._waiting.clear()
        secret = await self._secret()
        try:
            self._folder = await self._step(
                partial(self._box.open, secret, oauth=self._tokens is not None)
            )
        except NotConnected:
            if self._tokens is not None:
                self._tokens.forget()
            raise
        await self._step(self._begin)
        POLLING_LAST_CONTACT.labels(self.channel, self.account).set(time.time())

    async def receive(self) -> Delivery:
        """See ``PollingConnector.receive``."""
        while True:
            if not self._waiting and not await self._list():
                await self._wait()
                continue
            uid, size = self._waiting.popleft()
            item = await self._step(partial(self._take, uid, size))
            if item is not None:
                stays = isinstance(item, Rejection) and item.reason in _STAYING
                return Delivery(item, partial(self._settle, uid, stays))
            self._progress.settle(uid)
            INTAKE_IGNORED.labels(self.channel, self.account, "gone").inc()
            log.warning("mail.gone", extra={"channel": self.channel, "account": self.account})

    async def close(self) -> None:
        """See ``PollingConnector.close``."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._box.interrupt()
            done = thread.submit(self._let_go, self._box, self._reader)
            await asyncio.wait({asyncio.wrap_future(done)}, timeout=_CLOSE_SECONDS)
            # A thread that is still connecting ends with the time-out of that.
            thread.shutdown(wait=False)
        self._owner.release()

    async def _list(self) -> bool:
        """Whether there is anything to take."""
        found = await self._step(self._listed)
        POLLING_LAST_CONTACT.labels(self.channel, self.account).set(time.time())
        self._waiting.extend(found)
        return bool(found)

    async def _wait(self) -> None:
        seconds = self._settings.poll_seconds
        wait = self._box.idle if self._folder.can_idle else self._box.pause
        await self._step(partial(wait, seconds), seconds + self._longest_step)

    async def _settle(self, uid: int, stays: bool) -> None:
        await self._step(partial(self._settle_in_thread, uid, stays))

    async def _secret(self) -> str:
        if self._tokens is not None:
            return await self._tokens.get()
        password = self._settings.password
        return password.get_secret_value() if password else ""

    async def _step(self, work: Callable[[], T], seconds: float | None = None) -> T:
        if self._thread is None:
            raise NotConnected("no connection to the mailbox")
        try:
            async with asyncio.timeout(seconds or self._longest_step):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError:
            self._box.interrupt()
            raise NotConnected("the mail server: a step took too long") from None

    # What follows runs in the thread.

    def _begin(self) -> None:
        if self._folder.uidvalidity != self._uidvalidity:
            self._uidvalidity = self._folder.uidvalidity
            self._progress = Progress(0)
            self._broken.clear()
            self._unmarked.clear()
        self._progress.again(start_of(self._cursor.read(), self._folder))
        self._write_cursor()
        if self._settings.move_to is not None:
            self._box.make_folder(self._settings.move_to)

    def _listed(self) -> Sequence[tuple[int, int]]:
        """UIDs and sizes of what is to be taken, oldest first; what broke the line comes last."""
        self._mark_taken()
        found = self._box.above(self._progress.uid)
        if self._folder.marks:
            found |= self._box.unmarked()
        sizes = self._box.sizes(sorted(self._progress.untaken(found - self._unmarked.keys())))
        return sorted(sizes.items(), key=lambda one: (self._broken[one[0]], one[0]))

    def _take(self, uid: int, size: int) -> Item | None:
        """The item of one mail; None when it is gone."""
        if self._broken[uid] > _TRIES:
            # Not even its header can be had. Named by its place, so that a person finds it.
            place = f"X-UID: {self._uidvalidity}/{uid}\r\n\r\n".encode()
            return rejection(
                self._settings, place, RejectionReason.UNREADABLE, None, HEADER_MEDIA_TYPE
            )
        try:
            if self._broken[uid] == _TRIES:
                return self._header_alone(uid, RejectionReason.UNREADABLE)
            if size > self._settings.max_message_bytes:
                return self._header_alone(uid, RejectionReason.TOO_LARGE)
            raw = self._box.fetch(uid, self._settings.max_message_bytes + 1)
        except NotConnected:
            self._broken[uid] += 1
            raise
        return None if raw is None else self._reader.read(raw)

    def _header_alone(self, uid: int, reason: RejectionReason) -> Item | None:
        header = self._box.fetch_header(uid)
        return None if header is None else read_header(self._settings, header, reason).item

    def _settle_in_thread(self, uid: int, stays: bool) -> None:
        self._unmarked[uid] = stays
        self._broken.pop(uid, None)
        if self._progress.settle(uid):
            self._write_cursor()
        # Else it is tried again before the next listing: the mails behind it do not wait.
        with suppress(Refused):
            self._mark(uid, stays)

    def _mark_taken(self) -> None:
        """Mark what is not marked yet; a server that refuses that is asked again later."""
        for uid, stays in list(self._unmarked.items()):
            with suppress(Refused):
                self._mark(uid, stays)
        if self._unmarked:
            log.warning(
                "mail.not_marked", extra={"account": self.account, "count": len(self._unmarked)}
            )

    def _mark(self, uid: int, stays: bool) -> None:
        if self._folder.marks:
            self._box.mark(uid)
        if self._settings.move_to is not None and not stays:
            self._box.move(uid, self._settings.move_to)
        del self._unmarked[uid]

    def _write_cursor(self) -> None:
        self._cursor.write(f"{self._uidvalidity} {self._progress.uid}")

    @staticmethod
    def _let_go(box: Mailbox, reader: MailReader) -> None:
        box.close()
        reader.close()


def build(config: ConfigFile) -> Sequence[MailConnector]:
    """One for every mailbox.

    Raises:
        Misconfigured: a setting is wrong.
    """
    data_dir = config.load(GatewaySettings).data_dir
    return [MailConnector(one, data_dir) for one in config.load(MailSettings).accounts]
