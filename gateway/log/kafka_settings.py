"""How to reach a Kafka cluster, and what every client of it is told."""

import ssl
from dataclasses import dataclass, field
from typing import TypedDict

from gateway.errors import LogUnavailable, Misconfigured
from gateway.log import TopicSpec

# The batch framing around one record of limits.MAX_RECORD_BYTES fits in between.
_MAX_MESSAGE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the cluster is, how it lets us in, and how safe its topics are made."""

    #: ``host:port``, separated by commas.
    bootstrap_servers: str
    #: Providers give up between 5 and 15 s; a 503 before that keeps the retry theirs.
    append_timeout_seconds: float = 5.0
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    client_id: str = "pintu-aduan"
    replication_factor: int = 1
    #: A cluster of three: replication_factor 3 and this 2; one broker may then be away.
    min_insync_replicas: int = 1
    #: With one broker acks=all is only page cache: 1 makes it fsync each record before it answers.
    #: None where replication keeps the records.
    flush_messages: int | None = None

    def __post_init__(self) -> None:
        """Kafka would take such a topic and quietly ask for no more than the copies there are.

        Raises:
            Misconfigured: more in-sync replicas than replicas.
        """
        if self.min_insync_replicas > self.replication_factor:
            raise Misconfigured(
                "[log] min_insync_replicas must not be above replication_factor: "
                f"{self.min_insync_replicas} of {self.replication_factor} copies"
            )


class Connection(TypedDict):
    """The arguments that aiokafka's producer, consumer and admin client have in common."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None
    metadata_max_age_ms: int


def connection(settings: KafkaSettings) -> Connection:
    """What to give to a client.

    Raises:
        LogUnavailable: the CA file cannot be read.
    """
    context = None
    if settings.security_protocol in ("SSL", "SASL_SSL"):
        try:
            context = ssl.create_default_context(cafile=settings.ssl_cafile)
        except OSError:
            raise LogUnavailable(
                f"[log] ssl_cafile {settings.ssl_cafile} is no readable CA certificate file"
            ) from None
    return Connection(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=settings.client_id,
        security_protocol=settings.security_protocol,
        ssl_context=context,
        sasl_mechanism=settings.sasl_mechanism,
        sasl_plain_username=settings.sasl_username,
        sasl_plain_password=settings.sasl_password,
        # A minute: moved leaders are noticed on errors anyway, new partitions only by this.
        metadata_max_age_ms=60_000,
    )


def topic_configs(settings: KafkaSettings, spec: TopicSpec) -> dict[str, str]:
    """The topic's configuration in Kafka's words."""
    kept = spec.retention_seconds
    configs = {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": "-1" if kept is None else str(kept * 1000),
        "min.insync.replicas": str(settings.min_insync_replicas),
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(_MAX_MESSAGE_BYTES),
        # The broker's clock: a wrong clock of ours cannot make it refuse a batch, and retention
        # counts from when the log took the record.
        "message.timestamp.type": "LogAppendTime",
    }
    if settings.flush_messages is not None:
        configs["flush.messages"] = str(settings.flush_messages)
    return configs
