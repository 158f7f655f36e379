"""What a connector is. Everything a channel must know about the gateway stands in this file.

A connector never publishes, never logs payloads, never retries and never answers by itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID

from aiohttp import web

from normalizer.draft import Draft, Gathering, Piece, Rejection
from normalizer.event import Channel, ReplyPath

Item = Draft | Rejection | Piece


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request as it came over the wire. ``headers`` are looked up without regard to case."""

    method: str
    path: str
    #: Undecoded, without the question mark.
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebReply:
    """The items of a request, and the answer the provider wants once they are kept."""

    items: tuple[Item, ...] = ()
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    #: Why a request without items is in order, for the metrics.
    ignored: (
        Literal["delivery_report", "handshake", "own_message", "not_addressed", "protocol"] | None
    ) = None


@dataclass(frozen=True, slots=True)
class Route:
    """One address that a provider calls.

    ``verify`` sees the raw request before anything is parsed, compares in constant time and raises
    ``Forged``. ``read`` is pure; what it cannot read it returns as a ``Rejection``.
    """

    method: Literal["GET", "POST"]
    path: str
    channel: Channel
    account: str
    verify: Callable[[WebRequest], None] = field(repr=False)
    read: Callable[[WebRequest], WebReply] = field(repr=False)
    #: 401 where the caller could log in (Basic, Bearer), 403 where a signature is wrong.
    forged_status: Literal[401, 403] = 403
    #: Where the platform's batches need more than ``[web] max_body_bytes``.
    max_body_bytes: int | None = None


@runtime_checkable
class WebConnector(Protocol):
    """A channel that calls us."""

    def routes(self) -> Sequence[Route]:
        """The addresses to mount; asked once, at start."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One item of a polled source. ``settle`` is called once, after the log has the item."""

    item: Item
    settle: Callable[[], Awaitable[None]]


@runtime_checkable
class PollingConnector(Protocol):
    """A channel that we ask. The driver reconnects; the connector does not."""

    @property
    def channel(self) -> Channel:
        """The channel of its items."""
        ...

    @property
    def account(self) -> str:
        """Which of our addresses is polled."""
        ...

    async def connect(self) -> None:
        """Raises NotConnected: the driver comes again after a pause."""
        ...

    async def receive(self) -> Delivery:
        """Wait for the next item; cancelled at stop. Raises NotConnected: connect again."""
        ...

    async def close(self) -> None:
        """Let go. Called after every failure too; never raises."""
        ...


@runtime_checkable
class Joins(Protocol):
    """A connector whose items may come in pieces (``normalizer.draft.Piece``)."""

    @property
    def joined_channels(self) -> tuple[Channel, ...]:
        """The channels whose pieces ``join`` understands."""
        ...

    def join(self, gathering: Gathering) -> Draft:
        """The item that the pieces make, under ``gathering.item_id`` as its source id.

        Pure, and the same for the same pieces: it is asked again after a crash.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """The receipt of the door: the item is durable, in the log or among the waiting pieces."""

    item_id: UUID
    #: The number people are told; None for a piece and for what went to the rejected topic.
    reference: str | None


class Door(Protocol):
    """The one way in."""

    async def accept(self, item: Item) -> Kept:
        """Normalise, seal, publish; returns only when the log has it durably.

        Raises:
            NotKept: it is not (or not certainly) kept; the source must come again.
        """
        ...


@runtime_checkable
class SiteConnector(Protocol):
    """A channel with pages of its own (the clerk's form), mounted on the public port."""

    @property
    def prefix(self) -> str:
        """The first part of its addresses, e.g. ``/petugas``."""
        ...

    def site(self, door: Door) -> web.Application:
        """The pages, to be mounted under ``prefix``; asked once, at start."""
        ...


Connector = WebConnector | PollingConnector | SiteConnector


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to a reporter. It holds our words and numbers, never the complaint's."""

    #: The same at every attempt; for platforms that take an idempotency key.
    key: str
    text: str = field(repr=False)
    #: For mail.
    subject: str = field(repr=False)


class Replier(Protocol):
    """How one account answers. It does not retry and keeps no state; used by one task at a time."""

    @property
    def channel(self) -> Channel:
        """The channel on which it answers."""
        ...

    @property
    def account(self) -> str:
        """The account whose items it answers."""
        ...

    async def reply(self, path: ReplyPath, reply: Reply) -> str | None:
        """Hand the answer to the platform; the platform's id of it, where it gives one.

        Raises:
            ReplyRefused: the platform will never take it (blocked, unknown, too late).
            ReplyAway: certainly not sent; the same again later.
            ReplyUnknown: sent, and no answer came; it is not sent again by itself.
        """
        ...

    async def close(self) -> None:
        """Let go; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an attachment, as the platform gave them."""

    content: bytes = field(repr=False)
    #: Declared, not believed.
    media_type: str
    name: str | None = None


class Fetcher(Protocol):
    """How the attachments of one account are fetched. It does not retry; many tasks may use it."""

    @property
    def channel(self) -> Channel:
        """The channel of the items."""
        ...

    @property
    def account(self) -> str:
        """The account of the items."""
        ...

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """The bytes behind ``Attachment.media_id``.

        Raises:
            MediaGone: expired or deleted; nobody can get it any more.
            MediaRefused: too large, or an address that we do not call.
            MediaAway: not now; the same again later.
        """
        ...

    async def close(self) -> None:
        """Let go; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as a provider would make it: for samples and for the contract suite."""

    method: str
    url: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
