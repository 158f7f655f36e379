"""Which event log the settings ask for."""

from collections.abc import Sequence
from pathlib import Path

from gateway.errors import Misconfigured
from gateway.log import EventLog
from gateway.settings import ConfigFile, GatewaySettings, LogSettings


def make_log(config: ConfigFile, topic_names: Sequence[str] = ()) -> EventLog:
    """The configured log, not yet open; ``topic_names`` must exist when it opens.

    Raises:
        Misconfigured: Kafka is asked for and no server is named.
    """
    settings = config.load(LogSettings)
    if not settings.uses_kafka:
        # Imported on demand: each log brings a library that the other does without.
        from gateway.log.sqlite import SqliteLog

        return SqliteLog(
            made_data_dir(config) / "log.db",
            topic_names,
            # Another process' commit is waited for a little less long than the answer may take.
            busy_seconds=settings.append_timeout_seconds * 0.75,
            append_timeout_seconds=settings.append_timeout_seconds,
        )
    if not settings.bootstrap_servers:
        raise Misconfigured(
            "[log]: kind is kafka but no bootstrap_servers are named; "
            "write them there or set KAFKA_BOOTSTRAP_SERVERS"
        )
    from gateway.log.kafka import KafkaLog, KafkaSettings

    return KafkaLog(
        KafkaSettings(
            bootstrap_servers=settings.bootstrap_servers,
            append_timeout_seconds=settings.append_timeout_seconds,
            security_protocol=settings.security_protocol,
            sasl_mechanism=settings.sasl_mechanism,
            sasl_username=settings.sasl_username,
            sasl_password=(
                settings.sasl_password.get_secret_value() if settings.sasl_password else None
            ),
            ssl_cafile=str(settings.ssl_cafile) if settings.ssl_cafile else None,
            replication_factor=settings.replication_factor,
            min_insync_replicas=settings.min_insync_replicas,
            flush_messages=settings.flush_messages,
        ),
        topic_names,
    )


def made_data_dir(config: ConfigFile) -> Path:
    """The data directory, made if it is not there yet.

    Raises:
        Misconfigured: it cannot be made.
    """
    data_dir = config.load(GatewaySettings).data_dir
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"[gateway] data_dir {data_dir} cannot be made ({error.strerror}); "
            "make it writable or name another"
        ) from None
    return data_dir
