"""``[call_center]``: the telephone systems that tell us of calls.

An account cannot be written down without what proves its caller: verification is never off.
"""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.call_center.event import Kind
from gateway.settings import Section, known_zone, section_config

#: Shorter ones are guessed; an empty secret file would otherwise switch the check off.
_SHORTEST_SECRET = 8

Secret = Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("is no address like https://pbx.example.go.id/rekaman, without a password")
    return value.rstrip("/")


def _known_time_format(value: str) -> str:
    if value in ("iso", "unix", "unix_ms") or "%" in value:
        return value
    raise ValueError("is iso, unix, unix_ms or a pattern such as %d/%m/%Y %H:%M:%S")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountBase(_Part):
    """What every telephone system has, whatever the dialect."""

    #: The last part of its address, ``/call/<name>``, and the account of its events.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: True: agents type what callers say into the form, so an answered call is recorded as
    #: excluded. False: the recording of an answered call is a complaint.
    agent_types: bool = True
    #: A call whose end is never told is over after this time: hangups sometimes never come.
    call_open_hours: Annotated[float, Field(gt=0, le=24)] = 4.0
    #: After the end: events that were sent before it and arrive after it.
    grace_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    #: After the end, where a recording or its transcription is still to come.
    recording_wait_seconds: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    #: True: every answered call is recorded, and the recording is told after the end.
    expect_recordings: bool = False
    #: Callers with at most this many digits are extensions of the house: not kept. 0: none are.
    internal_digits: Annotated[int, Field(ge=0, le=6)] = 4


class HmacProof(_Part):
    """A header with the HMAC of the body."""

    secret: Secret
    header: Annotated[str, Field(pattern=r"^[\w-]+$")] = "X-Signature"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    #: What stands before the digest in the header, such as ``sha256=``.
    prefix: str = ""
    #: A header with Unix seconds; then what is signed is time, ``separator`` and body.
    timestamp_header: str | None = None
    separator: str = "."
    #: 5 minutes: clocks drift; an older copy of a request is a replay.
    tolerance_seconds: Annotated[int, Field(ge=1)] = 300


class FieldMap(_Part):
    """What the system calls things. A dot steps inside: ``variables.uuid``, ``legs.0.number``."""

    call_id: str = "call_id"
    event: str = "event"
    caller: str = "caller"
    caller_name: str = "caller_name"
    direction: str = "direction"
    #: When the event happened; of ``ended`` the end.
    time: str = "time"
    #: When the call began, where an event tells it too.
    started_at: str = "started_at"
    #: How long a person spoke with the caller, in seconds; more than 0 at the end means answered.
    duration: str = "duration"
    #: The whole call with its ringing, in seconds.
    total_duration: str = "total_duration"
    #: The recording's address, or its path below ``recordings_url``.
    recording_url: str = "recording_url"
    recording_id: str = "recording_id"
    transcription: str = "transcription"
    #: True when a recording or transcription of this call comes later.
    recording_follows: str = "recording_follows"


#: What the systems that were looked at call the kinds of events.
EVENT_NAMES: Mapping[Kind, tuple[str, ...]] = {
    Kind.STARTED: ("started", "start", "ringing", "incoming", "new", "initiated"),
    Kind.ANSWERED: ("answered", "answer", "connected"),
    Kind.ENDED: ("ended", "end", "hangup", "completed", "cdr"),
    Kind.MISSED: (
        "missed", "no answer", "no-answer", "no_answer", "noanswer", "abandoned", "busy", "failed",
        "canceled", "cancelled", "congestion",
    ),
    Kind.VOICEMAIL: ("voicemail",),
    Kind.RECORDING: ("recording", "recorded"),
    Kind.TRANSCRIPTION: ("transcription", "transcript"),
}  # fmt: skip


class GenericAccount(AccountBase):
    """Any system that posts signed JSON."""

    dialect: Literal["generic"]
    verify: HmacProof
    fields: FieldMap = FieldMap()
    #: What stands in the event's field, upper or lower case. What is left out keeps its default.
    events: Mapping[Kind, tuple[str, ...]] = Field(default_factory=dict)
    #: Of an event whose field says none of these: for CDRs, which come once. None: kept aside.
    other_events: Kind | None = None
    #: Events that are no news: acknowledged, not kept.
    ignored_events: tuple[str, ...] = ()
    #: What the direction's field says of calls that nobody made to us.
    outgoing: tuple[str, ...] = ("outbound", "outgoing", "out", "internal", "local")
    #: ``iso``, ``unix``, ``unix_ms``, or a ``strptime`` pattern.
    time_format: Annotated[str, AfterValidator(_known_time_format)] = "iso"
    #: The zone of times that name none.
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Jakarta"
    #: Where recordings may be fetched, also inside the house. None: they are listed, not fetched.
    recordings_url: BaseUrl | None = None
    #: Basic login there, or a bearer token; it goes to this server alone.
    recordings_username: Annotated[str, Field(min_length=1)] | None = None
    recordings_password: Secret | None = None
    recordings_token: Secret | None = None
    #: Further hosts, by HTTPS and without login, ``*.example.com`` included.
    recordings_hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _login_is_whole(self) -> "GenericAccount":
        if (self.recordings_username is None) != (self.recordings_password is None):
            raise ValueError("recordings_username and recordings_password belong together")
        if self.recordings_token is not None and self.recordings_password is not None:
            raise ValueError("set recordings_token or recordings_password, not both")
        return self

    def kind_of(self, name: str) -> Kind | None:
        """What the event's field means."""
        for kind, usual in EVENT_NAMES.items():
            if name.casefold() in {one.casefold() for one in self.events.get(kind, usual)}:
                return kind
        return self.other_events


class TwilioVoiceAccount(AccountBase):
    """A number of Twilio's: its callbacks, and if wanted a voicemail line by itself."""

    dialect: Literal["twilio_voice"]
    auth_token: Secret
    #: The user name beside the token, for recordings. None: they are listed and not fetched.
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] | None = None
    api_url: BaseUrl = "https://api.twilio.com"
    #: True: Twilio itself picks up, so only a call put through to somebody (``<Dial>``) was
    #: answered. False: every call that Twilio calls ``in-progress`` was.
    machine_answers: bool = True
    #: Said before the tone by ``/call/<name>/voice``, and after the message.
    greeting: Annotated[str, Field(min_length=1, max_length=1000)] = (
        "Terima kasih telah menghubungi layanan pengaduan. Setelah nada, sampaikan aduan Anda: "
        "apa yang terjadi, di desa dan kecamatan mana, dan kapan. Tutup telepon bila selesai."
    )
    closing: str = "Terima kasih. Aduan Anda kami terima."
    #: A voice of Twilio's text to speech; None: its usual one for Indonesian.
    voice: str | None = None
    #: Of one message.
    longest_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    #: Twilio transcribes English only; for other languages switch it off.
    transcribe: bool = False


Account = Annotated[GenericAccount | TwilioVoiceAccount, Field(discriminator="dialect")]


class CallCenterSettings(Section):
    """``[call_center]``: several systems may stand side by side."""

    table = "call_center"
    model_config = section_config("call_center")

    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "CallCenterSettings":
        names = [account.name for account in self.accounts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        return self
