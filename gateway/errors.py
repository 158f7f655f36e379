"""Everything that can go wrong in the socket. Each class names the reaction it asks for."""


class GatewayFault(Exception):
    """Base of the gateway's own states. ``exit_code`` is what a process ends with if it gets there.

    The message is for a person, says what to do next, and holds nothing of a complaint.
    """

    exit_code = 70


class Misconfigured(GatewayFault):
    """A setting is wrong or missing. Reaction: exit with one clear line; no restart helps."""

    exit_code = 78


class KeyMissing(Misconfigured):
    """No sealing key where the settings say. Reaction: exit; ``gateway keys new`` makes one."""

    exit_code = 79


class PortTaken(GatewayFault):
    """Another program has the port. Reaction: exit; change the port or stop the other one."""

    exit_code = 71


class AlreadyRunning(GatewayFault):
    """Another gateway works in the same data directory. Reaction: exit."""

    exit_code = 72


class LogUnavailable(GatewayFault):
    """The event log does not answer. Reaction: 503 to sources; at start, exit."""

    exit_code = 73


class TopicMissing(LogUnavailable):
    """A topic does not exist. Reaction: exit; ``gateway topics create`` makes them on purpose."""

    exit_code = 74


class NotKept(GatewayFault):
    """The log certainly does not hold the record. Reaction: 503, the source comes again."""

    exit_code = 75


class OutcomeUnknown(NotKept):
    """The log did not confirm in time; the record may still appear, under the same event id.

    Reaction: as for ``NotKept``; the source comes again and the ledger absorbs the repeat.
    """


class RecordRefused(NotKept):
    """The log will never take this record (too large, against a policy). Reaction: alarm, 503."""


class Forged(Exception):
    """A request does not prove where it comes from. Reaction: 401 or 403, one fixed sentence.

    Carries nothing, so that nothing can be told to the forger.
    """


class NotConnected(GatewayFault):
    """A polled source is away. Reaction: the polling driver connects again after a pause."""


class ReplyRefused(GatewayFault):
    """The platform will never take this answer. Reaction: record it; a person may send it again.

    ``reason`` is one of our own words from a closed list, never the platform's.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the answer was refused ({reason})")
        self.reason = reason


class ReplyAway(GatewayFault):
    """The answer was certainly not sent. Reaction: the same again, after the pause if one is told.

    ``reason`` as for ``ReplyRefused``.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"the answer could not be sent ({reason})")
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class ReplyUnknown(GatewayFault):
    """Sent, and no answer came: perhaps the reporter has it. Reaction: record it, do not repeat."""


class MediaGone(GatewayFault):
    """An attachment has expired at the platform. Reaction: record it; the operator sees it."""


class MediaRefused(GatewayFault):
    """An attachment that we do not fetch. ``reason``: ``too_large``, ``address``, ``type``.

    Reaction: record it; the operator sees it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the attachment is not fetched ({reason})")
        self.reason = reason


class MediaAway(GatewayFault):
    """An attachment cannot be fetched now. Reaction: the same again, after the pause if told."""

    def __init__(self, retry_after_seconds: float | None = None) -> None:
        super().__init__("the attachment cannot be fetched now")
        self.retry_after_seconds = retry_after_seconds


class CannotOpen(GatewayFault):
    """A sealed part cannot be opened with the keys at hand. Reaction: park for the key holder."""
