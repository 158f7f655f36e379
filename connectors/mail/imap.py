"""One mailbox over IMAP. Blocking: it is used by one thread, the connector's own.

Every step has a time-out. After any failure the connection is dropped and made anew; a broken one
is never asked to end an IDLE properly, since the answer would be waited for in vain.
"""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from connectors.mail.message import MAX_HEADER_BYTES
from connectors.mail.settings import MailAccount
from gateway.errors import NotConnected

#: How soon a stop is noticed while nothing comes.
_SLICE_SECONDS = 1.0
#: UIDs in one command: a list of all mails of ten years would be too long a line for servers.
_CHUNK = 400
_CONNECT_SECONDS = 15.0


class CannotFetch(Exception):
    """The server refuses this one mail; the connection is in order."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server has for us: UIDs with their sizes, oldest first."""

    uidvalidity: int
    sizes: tuple[tuple[int, int], ...]


class Mailbox:
    """A session with one folder. Raises NotConnected for everything that a new session may mend."""

    def __init__(self, account: MailAccount) -> None:
        self._account = account
        self._client: IMAPClient | None = None
        self._stopping = threading.Event()
        self.uidvalidity = 0
        #: Whether mails can be marked; then the mark is what says that a mail was taken.
        self.marks = False
        self.can_idle = False
        self.messages = 0

    def open(self, secret: str, *, oauth: bool) -> None:
        """Connect, log in and select the folder."""
        account = self._account
        timeout = SocketTimeout(connect=_CONNECT_SECONDS, read=account.timeout_seconds)
        context = ssl.create_default_context(
            cafile=str(account.ca_file) if account.ca_file else None
        )
        with _reporting("connect"):
            client = IMAPClient(
                account.host,
                account.effective_port,
                ssl=account.security == "tls",
                ssl_context=context if account.security == "tls" else None,
                timeout=timeout,
            )
        self._client = client
        with _reporting("starttls"):
            if account.security == "starttls":
                client.starttls(context)
        with _reporting("log in"):
            if oauth:
                client.oauth2_login(account.username, secret)
            else:
                client.login(account.username, secret)
        with _reporting("select the folder"):
            told = client.select_folder(account.folder)
            self.can_idle = account.idle and client.has_capability("IDLE")
        self.uidvalidity = int(told.get(b"UIDVALIDITY", 0))
        self.messages = int(told.get(b"EXISTS", 0))
        flags = {flag.lower() for flag in told.get(b"PERMANENTFLAGS", ())}
        self.marks = b"\\*" in flags or account.keyword.lower().encode() in flags

    def listed(self, after_uid: int) -> Listed:
        """Everything that was not taken yet: without our mark or, where marks do not last, above
        ``after_uid``. Read or unread, old or new does not matter.
        """
        with _reporting("list"):
            if self.marks:
                found = self._open().search(["UNKEYWORD", self._account.keyword])
            else:
                # "n:*" always holds the last mail, also when its UID is lower than n.
                answer = self._open().search(["UID", f"{after_uid + 1}:*"])
                found = [uid for uid in answer if uid > after_uid]
            sizes: list[tuple[int, int]] = []
            for part in _chunks(sorted(found)):
                told = self._open().fetch(part, ["RFC822.SIZE"])
                sizes += [(uid, int(one.get(b"RFC822.SIZE", 0))) for uid, one in told.items()]
        return Listed(self.uidvalidity, tuple(sorted(sizes)))

    def fetch(self, uid: int) -> bytes | None:
        """The whole mail, unread as it was; None when somebody deleted it meanwhile.

        Raises:
            CannotFetch: the server refuses this one.
        """
        return self._part(uid, b"BODY[]", "BODY.PEEK[]")

    def fetch_header(self, uid: int) -> bytes | None:
        """The header block alone, at most as much of it as is read."""
        item = f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>"
        return self._part(uid, b"BODY[HEADER]<0>", item)

    def taken(self, uid: int, *, stays: bool) -> None:
        """The log has it: mark it, or move it away. What ``stays`` is only marked."""
        with _reporting("mark"):
            if self.marks:
                self._open().add_flags([uid], [self._account.keyword], silent=True)
            if self._account.after == "move" and not stays and self._account.move_to:
                self._move(uid, self._account.move_to)

    def wait(self, seconds: float) -> None:
        """Until the server tells of something, the time is over, or ``stop`` is called."""
        if not self.can_idle:
            self._stopping.wait(seconds)
            with _reporting("noop"):
                self._open().noop()
            return
        with _reporting("idle"):
            client = self._open()
            client.idle()
            waited, told = 0.0, False
            while waited < seconds and not told and not self._stopping.is_set():
                told = any(b"EXISTS" in one for one in _lines(client.idle_check(_SLICE_SECONDS)))
                waited += _SLICE_SECONDS
            client.idle_done()

    def stop(self) -> None:
        """Ends a ``wait`` of another thread."""
        self._stopping.set()

    def close(self) -> None:
        """Drop the connection; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.shutdown()

    def _part(self, uid: int, key: bytes, item: str) -> bytes | None:
        try:
            with _reporting("fetch"):
                told = self._open().fetch([uid], [item])
        except NotConnected as fault:
            if _is_refusal(fault.__cause__):
                raise CannotFetch from None
            raise
        if uid not in told:
            return None
        content = told[uid].get(key)
        if not isinstance(content, bytes):
            raise CannotFetch
        return content

    def _move(self, uid: int, folder: str) -> None:
        client = self._open()
        if client.has_capability("MOVE"):
            client.move([uid], folder)
            return
        client.copy([uid], folder)
        client.add_flags([uid], [b"\\Deleted"], silent=True)
        # Without UIDPLUS other people's deleted mails would go too: then it stays, marked deleted.
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])

    def _open(self) -> IMAPClient:
        if self._client is None:
            raise NotConnected("no connection to the mailbox")
        return self._client


@contextmanager
def _reporting(step: str) -> Iterator[None]:
    """Turns whatever the library raises into NotConnected, which names the step alone."""
    try:
        yield
    except NotConnected:
        raise
    except Exception as error:
        # The parser of answers raises anything for an answer that was cut.
        raise NotConnected(
            f"the mail server: cannot {step} ({type(error).__name__}); check host, port, "
            "security, login and folder of the account"
        ) from error


def _is_refusal(error: BaseException | None) -> bool:
    """Whether the server answered NO; everything else says nothing of this one mail."""
    return isinstance(error, IMAPClient.Error) and not isinstance(error, IMAPClient.AbortError)


def _chunks(uids: Sequence[int]) -> list[Sequence[int]]:
    return [uids[start : start + _CHUNK] for start in range(0, len(uids), _CHUNK)]


def _lines(told: Any) -> list[tuple[Any, ...]]:
    return [one for one in told if isinstance(one, tuple)]
