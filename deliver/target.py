"""What the worker may ask of a system of record, and everything that it may answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from gateway.errors import GatewayFault
from normalizer.event import Classification


@dataclass(frozen=True, slots=True)
class Identity:
    """Who complained, as far as it may be passed on. Never shown: ``repr`` leaves it out."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    @property
    def values(self) -> tuple[str, ...]:
        """The strings that must not turn up anywhere else."""
        return tuple(value for value in (self.name, self.phone, self.email) if value)


@dataclass(frozen=True, slots=True)
class EntryFile:
    """An attachment with its bytes."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One complaint, ready to be entered, in our own terms."""

    reference: str
    title: str = field(repr=False)
    #: Tokenised: what was found of personal data is replaced.
    text: str = field(repr=False)
    #: The local day it happened or was sent on.
    day: date
    submitted_at: datetime | None
    received_at: datetime
    #: "Desa X, Kec. Y"; None when no level is certain.
    place: str | None
    #: What the text may have meant when ``place`` is None.
    place_candidates: tuple[str, ...] = ()
    landmark: str | None = field(default=None, repr=False)
    classification: Classification
    categories: tuple[str, ...] = ()
    hide_identity: bool
    hide_content: bool
    #: None: hidden, withheld or unknown. Then nothing of it goes out.
    reporter: Identity | None = None
    attachments: tuple[EntryFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The target has it, under this number."""

    tracking_id: str


class TargetFault(Exception):
    """Base of the outcomes other than a receipt: a closed set, each names the reaction."""


class Refused(TargetFault):
    """The target will not take this complaint as it is. Reaction: park it, go on with others.

    ``words`` are the target's own and may quote what was sent: scrub them before they are kept.
    """

    def __init__(self, words: str) -> None:
        super().__init__("the target refused this complaint")
        self.words = words


class Busy(TargetFault):
    """Not now; nothing was written. Reaction: everybody waits as told, then the same again."""

    def __init__(self, retry_after_seconds: float | None) -> None:
        super().__init__("the target is busy")
        self.retry_after_seconds = retry_after_seconds


class Unreachable(TargetFault):
    """Certainly not sent, or certainly not taken. Reaction: everybody backs off, then again."""


class NoAnswer(TargetFault):
    """Sent, and whether it was written is unknown. Reaction: never send again by itself.

    A timeout, a reset, a 5xx other than 503, an answer without an id or one that is unreadable.
    """


class CredentialsRefused(TargetFault, GatewayFault):
    """The target does not know us. Reaction: stop the process; only a person can mend it."""

    #: sysexits EX_NOPERM; the supervisor does not start the worker again after it.
    exit_code = 77


class CannotLookUp(TargetFault):
    """The target has no look-up by our reference. Reaction: ask an operator."""


class FilesMissing(TargetFault):
    """The target took fewer files than it was sent. Reaction: note it, keep the entry, resend."""


class Target(Protocol):
    """A system of record. Used by many tasks at once; it neither waits nor retries by itself."""

    #: Stands in the receipt and in the ledger.
    mode: str

    async def open(self) -> None:
        """Get ready without calling the target. Raises Misconfigured."""
        ...

    async def check(self) -> None:
        """Prove, without writing anything, that the target answers.

        Raises:
            Busy, Unreachable, NoAnswer, CredentialsRefused: it does not.
        """
        ...

    async def enter(self, entry: Entry) -> Receipt:
        """Write one complaint; never called twice for one without a certain "not written".

        Raises:
            Refused, Busy, Unreachable, NoAnswer, CredentialsRefused.
        """
        ...

    async def find(self, reference: str) -> Receipt | None:
        """The complaint that carries our reference.

        Raises:
            CannotLookUp: there is no such look-up.
            Busy, Unreachable, NoAnswer, CredentialsRefused.
        """
        ...

    async def attach(self, tracking_id: str, files: Sequence[EntryFile]) -> None:
        """Add files to a complaint that is there already.

        Raises:
            FilesMissing: not all of them arrived.
            Refused, Busy, Unreachable, NoAnswer, CredentialsRefused.
        """
        ...

    async def close(self) -> None:
        """Let go; never raises."""
        ...
