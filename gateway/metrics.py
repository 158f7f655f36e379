"""The closed list of metrics. Labels hold channels, states and reasons, never a person."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

#: Items that became an event and are durable in the log.
INTAKE_ACCEPTED = Counter("intake_accepted", "Items kept as an event.", ["channel", "account"])
#: Items kept, sealed, in the rejected topic.
INTAKE_REJECTED = Counter(
    "intake_rejected", "Items kept in the rejected topic.", ["channel", "account", "reason"]
)
#: Items that we could not keep: the source was asked to come again.
INTAKE_FAULTS = Counter(
    "intake_faults", "Items not kept for our own fault.", ["channel", "account"]
)
#: Requests turned away: forged, too_large, too_slow.
INTAKE_REFUSED = Counter("intake_refused", "Requests refused.", ["channel", "account", "reason"])
#: Requests without an item that are in order (delivery reports, handshakes).
INTAKE_IGNORED = Counter(
    "intake_ignored", "Requests without an item.", ["channel", "account", "reason"]
)
#: From the last byte of the request to our answer.
INTAKE_ACK_SECONDS = Histogram(
    "intake_ack_seconds",
    "Time until a source is told that its items are kept.",
    ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
#: When the last item of an account was kept: silence is an alarm too.
INTAKE_LAST_ITEM = Gauge(
    "intake_last_item_timestamp_seconds", "Unix time of the last kept item.", ["channel", "account"]
)
#: 1 while the polled source is connected.
POLLING_CONNECTED = Gauge("polling_connected", "Polled source connected.", ["channel", "account"])

#: The source still holds items that we have not taken; how old the oldest of them may be.
POLLING_LAST_CONTACT = Gauge(
    "polling_last_contact_timestamp_seconds",
    "Unix time of the last complete answer of the polled source.",
    ["channel", "account"],
)
#: Pieces of items (long SMS, albums, calls) that wait for the others.
PIECES_WAITING = Gauge("pieces_waiting", "Pieces that wait for the rest of their item.")
#: How pieces ended: joined, incomplete, late, repeat.
PIECES_JOINED = Counter("pieces_joined", "Items made of pieces.", ["channel", "outcome"])
#: Attachments fetched, by how it ended.
MEDIA_OUTCOMES = Counter("media_outcomes", "Attachments fetched.", ["channel", "state"])
#: Attachments that wait to be fetched.
MEDIA_WAITING = Gauge("media_waiting", "Attachments that wait to be fetched.")
#: Answers to reporters, by how it ended.
REPLY_OUTCOMES = Counter("reply_outcomes", "Answers to reporters.", ["channel", "kind", "state"])
#: Answers that wait to be sent.
REPLIES_WAITING = Gauge("replies_waiting", "Answers that wait to be sent.")

#: Moves of the state machine, by the state reached.
DELIVER_TRANSITIONS = Counter("deliver_transitions", "State changes of complaints.", ["state"])
#: Complaints being written right now.
DELIVER_IN_FLIGHT = Gauge("deliver_in_flight", "Complaints in the worker's hands.")
#: 1 while nothing is sent, with the reason: busy, unreachable, no_answer, credentials.
DELIVER_PAUSED = Gauge("deliver_paused", "Sending is paused.", ["reason"])
#: Seconds of one create call.
DELIVER_ENTER_SECONDS = Histogram(
    "deliver_enter_seconds",
    "Time of one entry into LAPOR.",
    # Creation is slow: clients of the real API allow it 90 s.
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 90.0),
)
#: Complaints in the ledger now, by state.
LEDGER_COMPLAINTS = Gauge("ledger_complaints", "Complaints in the ledger.", ["state"])


def exposition(registry: CollectorRegistry = REGISTRY) -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, and its content type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST
