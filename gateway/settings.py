"""One ``gateway.toml``, every key of which can come from the environment; read once, then frozen.

Each part of the gateway owns a ``Section``: a frozen class beside the code it configures. The
key ``public_port`` of ``[web]`` is ``GATEWAY_WEB_PUBLIC_PORT`` in the environment, which wins.
A secret may be written as ``{ file = "/run/secrets/name" }`` or ``{ env = "NAME" }`` instead of
its value. Relative paths are relative to the directory of the file.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.errors import Misconfigured
from gateway.log import TopicSpec

#: Where commands look when nobody names a file: the environment, here, then a running demo's.
CONFIG_ENV = "GATEWAY_CONFIG"
DEFAULT_FILES = (Path("gateway.toml"), Path(".gateway-demo/gateway.toml"))

DAY_SECONDS = 86_400

S = TypeVar("S", bound="Section")


class Section(BaseSettings):
    """Base of every settings class: frozen, closed, environment before file.

    A subclass sets ``table`` and ``model_config = section_config(table)``.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_nested_delimiter="__")
    table: ClassVar[str]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then what the file says; no other source."""
        return env_settings, init_settings


def section_config(table: str) -> SettingsConfigDict:
    """The ``model_config`` of a section: its environment prefix follows from its table."""
    return SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_nested_delimiter="__",
        env_prefix=f"GATEWAY_{table.upper().replace('.', '_')}_",
    )


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A parsed ``gateway.toml``, or an empty one when the environment says everything."""

    path: Path | None
    tables: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def base_dir(self) -> Path:
        """What relative paths in the file are relative to."""
        return self.path.parent.absolute() if self.path else Path.cwd()

    def load(self, section: type[S]) -> S:
        """The section's settings.

        Raises:
            Misconfigured: names the file, the key and what is wrong, never the value.
        """
        name = f"[{section.table}]"
        where = f"{self.path or 'environment'}: {name}"
        values = self.tables.get(section.table, {})
        if not isinstance(values, Mapping):
            raise Misconfigured(f"{where}: is not a table; write it as {name} with keys below it")
        try:
            loaded = section.model_validate(_resolve(values, where, self.base_dir))
        except ValidationError as error:
            raise Misconfigured(_explain(error, where, section)) from None
        return _with_absolute_paths(loaded, self.base_dir)


def read_config(path: Path | None = None) -> ConfigFile:
    """Find and parse the settings file: the one named, ``$GATEWAY_CONFIG``, or a default place.

    Raises:
        Misconfigured: a named file is missing or is not TOML.
    """
    named = path or (Path(os.environ[CONFIG_ENV]) if os.environ.get(CONFIG_ENV) else None)
    if named is None:
        named = next((file for file in DEFAULT_FILES if file.is_file()), None)
        if named is None:
            return ConfigFile(None)
    try:
        return ConfigFile(named, tomllib.loads(named.read_text(encoding="utf-8")))
    except OSError as error:
        raise Misconfigured(
            f"{named}: cannot be read ({error.strerror}); copy gateway.toml.example there"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8"
        raise Misconfigured(f"{named}: is not valid TOML: {detail}") from None


def _resolve(value: object, where: str, base_dir: Path) -> object:
    if isinstance(value, Mapping):
        if set(value) == {"file"}:
            path = base_dir / str(value["file"])
            try:
                return path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise Misconfigured(f"{where}: cannot read {path} ({error.strerror})") from None
        if set(value) == {"env"}:
            name = str(value["env"])
            if name not in os.environ:
                raise Misconfigured(f"{where}: the environment variable {name} is not set")
            return os.environ[name]
        return {str(key): _resolve(item, where, base_dir) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, where, base_dir) for item in value]
    return value


def _explain(error: ValidationError, where: str, section: type[Section]) -> str:
    lines = []
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden" and len(item["loc"]) > 1:
            lines.append(f"{where}: {key} is not known there; see gateway.toml.example")
        elif item["type"] == "extra_forbidden":
            known = ", ".join(sorted(section.model_fields))
            lines.append(f"{where}: unknown key {key}; known are: {known}")
        elif item["type"] == "missing":
            lines.append(f"{where}: {key} is missing")
        else:
            lines.append(f"{where}: {key}: {item['msg']}")
    return "\n".join(lines)


def _with_absolute_paths(settings: S, base_dir: Path) -> S:
    moved = {
        name: base_dir / value
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), Path) and not value.is_absolute()
    }
    return settings.model_copy(update=moved) if moved else settings


def known_zone(name: str) -> str:
    """For validators: the name of an IANA time zone, or a ValueError that says what is usual."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no IANA time zone; Western Indonesia is Asia/Jakarta") from None
    return name


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError("is no address like https://aduan.example.go.id")
    return value.rstrip("/")


Port = Annotated[int, Field(ge=0, le=65_535)]


class GatewaySettings(Section):
    """``[gateway]``: where it keeps things and how it talks about time."""

    table = "gateway"
    model_config = section_config("gateway")

    #: Log, ledger, users and locks of the embedded defaults.
    data_dir: Path = Path("data")
    #: The days of the reconciliation are days of this zone.
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Jakarta"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: Processes that take in items, sharing the public port.
    intake_processes: Annotated[int, Field(ge=1, le=32)] = 1


class WebSettings(Section):
    """``[web]``: the port for the internet, and the one that stays inside."""

    table = "web"
    model_config = section_config("web")

    #: Loopback by default: a TLS-terminating proxy stands in front.
    public_host: str = "127.0.0.1"
    public_port: Port = 8080
    internal_host: str = "127.0.0.1"
    internal_port: Port = 8081
    #: What providers and browsers call us; signatures over the URL are checked against it.
    public_base_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8080"
    #: A webhook carries texts, never media: 64 KiB is 40 of the longest SMS in UCS-2.
    max_body_bytes: Annotated[int, Field(ge=1024, le=900_000)] = 65_536
    #: Networks whose X-Forwarded-For is believed when logins are throttled.
    trusted_proxies: tuple[str, ...] = ()
    #: Session cookies only over TLS. Switch off on loopback only.
    secure_cookies: bool = True


class LogSettings(Section):
    """``[log]``: which event log, and how to reach it."""

    table = "log"
    model_config = section_config("log")

    #: ``auto``: Kafka when bootstrap servers are named, else SQLite in the data directory.
    kind: Literal["auto", "sqlite", "kafka"] = "auto"
    #: Comma-separated ``host:port``. ``KAFKA_BOOTSTRAP_SERVERS`` is read as well.
    bootstrap_servers: str = Field(
        default_factory=lambda: os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    #: Providers give up between 5 and 15 s; answering 503 before that keeps the retry theirs.
    append_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 4.0
    #: One box has one broker. A cluster: 3 and 2.
    replication_factor: Annotated[int, Field(ge=1)] = 1
    min_insync_replicas: Annotated[int, Field(ge=1)] = 1
    #: With one replica acks=all is only page cache: 1 makes the broker fsync every record.
    flush_messages: Annotated[int, Field(ge=1)] | None = 1

    @property
    def uses_kafka(self) -> bool:
        """What ``auto`` comes to."""
        return self.kind == "kafka" or (self.kind == "auto" and bool(self.bootstrap_servers))


class TopicSettings(Section):
    """``[topics]``: names and widths. Kept times follow ``docs/architecture.md``."""

    table = "topics"
    model_config = section_config("topics")

    accepted: str = "complaints.accepted.v1"
    rejected: str = "complaints.rejected.v1"
    entered: str = "complaints.entered.v1"
    #: What became of the answers to reporters.
    replied: str = "complaints.replied.v1"
    #: What became of attachments that had to be fetched.
    media: str = "complaints.media.v1"
    #: What the sources say they have given out.
    counted: str = "complaints.counted.v1"
    #: What LAPOR says about complaints that it has.
    updated: str = "complaints.updated.v1"
    #: One reporter stays in one partition. Cannot be lowered; 6 let 6 workers share the work.
    partitions: Annotated[int, Field(ge=1)] = 6
    accepted_days: Annotated[int, Field(ge=1)] = 30
    rejected_days: Annotated[int, Field(ge=1)] = 90

    def specs(self) -> tuple[TopicSpec, ...]:
        """The topics as they are created."""
        return (
            TopicSpec(self.accepted, self.partitions, self.accepted_days * DAY_SECONDS),
            TopicSpec(self.rejected, 1, self.rejected_days * DAY_SECONDS),
            TopicSpec(self.entered, self.partitions, None, compacted=True),
            TopicSpec(self.replied, 1, self.rejected_days * DAY_SECONDS),
            TopicSpec(self.media, 1, self.rejected_days * DAY_SECONDS),
            TopicSpec(self.counted, 1, self.rejected_days * DAY_SECONDS),
            TopicSpec(self.updated, self.partitions, self.rejected_days * DAY_SECONDS),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All topic names."""
        return tuple(spec.name for spec in self.specs())


class RepliesSettings(Section):
    """``[replies]``: whether and how reporters are answered, on the channel they came from."""

    table = "replies"
    model_config = section_config("replies")

    #: An account answers when this is true and the account says how (``reply = …``).
    enabled: bool = False
    #: Which answers are sent.
    kinds: tuple[Literal["received", "entered"], ...] = ("received", "entered")
    #: More than this many answers to one reporter in one day are held back and recorded.
    daily_cap: Annotated[int, Field(ge=1)] = 10
    #: An answer that cannot be sent for this long is given up and recorded as failed.
    give_up_hours: Annotated[int, Field(ge=1)] = 24
    #: A later "received" than this would puzzle more than it helps (a restored backlog).
    received_within_hours: Annotated[int, Field(ge=1)] = 24
    #: Own templates; None: those that come with the gateway.
    templates_file: Path | None = None
    internal_host: str = "127.0.0.1"
    internal_port: Port = 8083


class BlobSettings(Section):
    """``[blobs]``: where attachments and large originals are stored, sealed."""

    table = "blobs"
    model_config = section_config("blobs")

    #: Empty: ``blobs`` in the data directory. Or ``s3://bucket/prefix``.
    url: str = ""
    #: Of an S3-compatible store that is not Amazon's.
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0


class MediaSettings(Section):
    """``[media]``: how attachments are fetched and what is passed on of them."""

    table = "media"
    model_config = section_config("media")

    #: Larger ones are not fetched, and are recorded as such.
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 25_000_000
    #: After this long without success an attachment is given up and recorded.
    give_up_hours: Annotated[int, Field(ge=1)] = 72
    #: ``host:port`` or the path of a socket; None: no virus scan.
    clamd: str | None = None


class SealingSettings(Section):
    """``[sealing]``: connectors need the public key only; deliver needs the private ones."""

    table = "sealing"
    model_config = section_config("sealing")

    public_key_file: Path = Path("keys/deliver.public.json")
    #: Every ``*.private.json`` in it can open; keep old ones until their records are gone.
    private_key_dir: Path = Path("keys/private")
    #: A pair of its own for the way back to a reporter: the replies process opens nothing else.
    reply_public_key_file: Path = Path("keys/reply.public.json")
    reply_private_key_dir: Path = Path("keys/reply")


class NormalizerSettings(Section):
    """``[normalizer]``: what a regency sets about reading complaints."""

    table = "normalizer"
    model_config = section_config("normalizer")

    #: First part of the number people are told: NGW-26-7K3M9QXA.
    reference_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")] = "NGW"
    #: First words of an SMS to 1708 that name the regency and are no part of the complaint.
    keywords: tuple[str, ...] = ("NGAWI", "KAB. NGAWI", "KAB NGAWI", "NGAWIKAB", "LAPOR NGAWI")
    #: At least 32 random bytes in hex; makes reporter keys. Change it once a year.
    reporter_key_file: Path = Path("keys/reporter.key")
