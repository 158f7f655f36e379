"""One folder over IMAP. Blocking: it is used by one thread, the connector's own.

Every step has a time-out. After any failure the connection is dropped and made anew; a broken one
is never asked to end an IDLE properly, since the answer would be waited for in vain.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from imapclient import IMAPClient, SocketTimeout

from connectors.mail.message import MAX_HEADER_BYTES
from connectors.mail.settings import MailAccount
from gateway.errors import NotConnected

#: UIDs in one command: some servers refuse lines of more than 8,000 bytes (RFC 7162, 4).
_CHUNK = 400
#: UIDs asked for in one search: the library takes no answer of more than a million bytes.
_WINDOW = 50_000
_CONNECT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Folder:
    """What the server told of the folder when it was opened."""

    uidvalidity: int
    #: No mail has this UID or a higher one yet; 0 when the server does not tell.
    uidnext: int
    messages: int
    #: Whether keywords last: then a keyword says that a mail was taken.
    marks: bool
    can_idle: bool
    #: Whether a mail can be moved without touching what others have deleted.
    can_move: bool


class Refused(NotConnected):
    """The server answered NO: it is there, and does not do this one thing."""


class Mailbox:
    """A session with one folder. Raises NotConnected for everything that a new session may mend."""

    def __init__(self, account: MailAccount) -> None:
        self._account = account
        self._client: IMAPClient | None = None
        self._stopping = threading.Event()
        self._uidnext = 0

    def open(self, secret: str, *, oauth: bool) -> Folder:
        """Connect, log in and select the folder."""
        with _reporting("connect"):
            client = self._client = connected(self._account)
        self._go_on()
        with _reporting("log in"):
            log_in(client, self._account, secret, oauth=oauth)
        with _reporting("select the folder"):
            told = client.select_folder(self._account.folder)
            abilities = set(client.capabilities())
        flags = {flag.lower() for flag in told.get(b"PERMANENTFLAGS", ())}
        self._uidnext = int(told.get(b"UIDNEXT", 0))
        return Folder(
            # RFC 3501, 6.3.1: without one, UIDs do not last at all.
            uidvalidity=int(told.get(b"UIDVALIDITY", 0)),
            uidnext=self._uidnext,
            messages=int(told.get(b"EXISTS", 0)),
            marks=b"\\*" in flags or self._account.keyword.lower().encode() in flags,
            can_idle=self._account.idle and b"IDLE" in abilities,
            can_move=bool({b"MOVE", b"UIDPLUS"} & abilities),
        )

    def make_folder(self, name: str) -> None:
        """Make the folder into which taken mails go, when it is not there."""
        with _reporting("make the folder of move_to"):
            if not self._open().folder_exists(name):
                self._open().create_folder(name)

    def above(self, uid: int) -> set[int]:
        """Every mail with a higher UID: read or unread, marked or not."""
        with _reporting("list"):
            return self._search(uid + 1)

    def unmarked(self) -> set[int]:
        """Every mail without our keyword."""
        with _reporting("list"):
            return self._search(1, "UNKEYWORD", self._account.keyword)

    def sizes(self, uids: Sequence[int]) -> Mapping[int, int]:
        """Bytes by UID; who is missing was deleted meanwhile."""
        found: dict[int, int] = {}
        with _reporting("list"):
            for start in range(0, len(uids), _CHUNK):
                told = self._open().fetch(uids[start : start + _CHUNK], ["RFC822.SIZE"])
                found |= {uid: int(one.get(b"RFC822.SIZE", 0)) for uid, one in told.items()}
        return found

    def fetch(self, uid: int, most_bytes: int) -> bytes | None:
        """The mail, unread as it was, at most so much of it; None: somebody has deleted it."""
        return self._part(uid, b"BODY[]<0>", f"BODY.PEEK[]<0.{most_bytes}>")

    def fetch_header(self, uid: int) -> bytes | None:
        """The header block alone, at most as much of it as is read."""
        return self._part(uid, b"BODY[HEADER]<0>", f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>")

    def mark(self, uid: int) -> None:
        """Give it our keyword; nothing else of it changes. Raises Refused, NotConnected."""
        with _reporting("mark"):
            self._open().add_flags([uid], [self._account.keyword], silent=True)

    def move(self, uid: int, folder: str) -> None:
        """Move it away. Without MOVE and UIDPLUS a copy is made and the mail marked deleted.

        Raises:
            Refused, NotConnected.
        """
        with _reporting("move"):
            client = self._open()
            if client.has_capability("MOVE"):
                client.move([uid], folder)
                return
            client.copy([uid], folder)
            client.add_flags([uid], [b"\\Deleted"], silent=True)
            # A plain EXPUNGE would take what other people have deleted with it.
            if client.has_capability("UIDPLUS"):
                client.uid_expunge([uid])

    def idle(self, seconds: float) -> None:
        """Until the server tells of something or the time is over (RFC 2177)."""
        with _reporting("idle"):
            client = self._open()
            client.idle()
            started = time.monotonic()
            told = client.idle_check(seconds)
            early = time.monotonic() - started < seconds - 1
            # Woken without a word, or with BYE: the connection has ended, and no DONE is sent.
            if (early and not told) or any(one[:1] == (b"BYE",) for one in told):
                raise NotConnected("the mail server: ended the connection")
            self._go_on()
            client.idle_done()

    def pause(self, seconds: float) -> None:
        """The same for a server without IDLE: wait, and see whether it is still there."""
        self._stopping.wait(seconds)
        with _reporting("noop"):
            self._open().noop()

    def interrupt(self) -> None:
        """End whatever the thread waits for. The only method that another thread may call."""
        self._stopping.set()
        client = self._client
        if client is not None:
            with suppress(OSError):
                # Past the TLS layer, which the other thread may be using right now.
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.shutdown()

    def _search(self, first: int, *criteria: str) -> set[int]:
        found: set[int] = set()
        step = max(_WINDOW, (self._uidnext - first) // 100)
        while first + step < self._uidnext:
            window = f"{first}:{first + step - 1}"
            found |= set(self._open().search(["UID", window, *criteria]))
            first += step
        # "n:*" always holds the last mail, also when its UID is lower than n.
        last = self._open().search(["UID", f"{first}:*", *criteria])
        return found | {uid for uid in last if uid >= first}

    def _part(self, uid: int, key: bytes, item: str) -> bytes | None:
        with _reporting("fetch"):
            told = self._open().fetch([uid], [item]).get(uid)
        if told is None:
            return None
        content = told.get(key)
        if not isinstance(content, bytes):
            raise NotConnected("the mail server: gave no content")
        return content

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise NotConnected("stopped")

    def _open(self) -> IMAPClient:
        self._go_on()
        if self._client is None:
            raise NotConnected("no connection to the mailbox")
        return self._client


def connected(account: MailAccount) -> IMAPClient:
    """A connection that is encrypted as the account asks, not logged in.

    Raises:
        OSError, IMAPClient.Error: the server is not there, or not who it should be.
    """
    context = ssl.create_default_context(cafile=str(account.ca_file) if account.ca_file else None)
    client = IMAPClient(
        account.host,
        account.effective_port,
        ssl=account.security == "tls",
        ssl_context=context if account.security == "tls" else None,
        timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=account.timeout_seconds),
    )
    if account.security == "starttls":
        try:
            client.starttls(context)
        except BaseException:
            client.shutdown()
            raise
    return client


def log_in(client: IMAPClient, account: MailAccount, secret: str, *, oauth: bool) -> None:
    """By password or by XOAUTH2. Raises what the library raises."""
    if oauth:
        client.oauth2_login(account.username, secret)
    else:
        client.login(account.username, secret)


@contextmanager
def _reporting(step: str) -> Iterator[None]:
    """Turns whatever the library raises into NotConnected, which names the step alone."""
    try:
        yield
    except NotConnected:
        raise
    except Exception as error:  # noqa: BLE001 - its parser raises anything for a cut answer
        refused = isinstance(error, IMAPClient.Error) and not isinstance(
            error, IMAPClient.AbortError
        )
        raise (Refused if refused else NotConnected)(
            f"the mail server: cannot {step} ({type(error).__name__}); check host, port, "
            "security, login and folder of the account"
        ) from None
