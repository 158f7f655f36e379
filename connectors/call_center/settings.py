"""``[call_center]``: the telephone systems that tell us of calls."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.settings import Section, section_config

Secret = Annotated[SecretStr, Field(min_length=8)]


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("is the address of an HTTP server without a password, https://host")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HmacProof(_Part):
    """A header with the HMAC of the body."""

    secret: Secret
    header: Annotated[str, Field(pattern=r"^[\w-]+$")] = "X-Signature"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    #: What stands before the digest in the header, such as ``sha256=``.
    prefix: str = ""


class FieldMap(_Part):
    """What the telephone system calls things; a dot steps inside an object."""

    call_id: str = "call_id"
    event: str = "event"
    caller: str = "caller"
    time: str = "time"
    direction: str = "direction"
    #: Seconds of talking.
    duration: str = "duration"
    recording_url: str = "recording_url"
    transcription: str = "transcription"


class EventNames(_Part):
    """Its words for what happened; everything else is ignored."""

    started: tuple[str, ...] = ("started", "ringing", "new")
    answered: tuple[str, ...] = ("answered", "answer")
    ended: tuple[str, ...] = ("ended", "hangup", "completed")
    missed: tuple[str, ...] = ("missed", "no-answer", "busy", "abandoned", "cancelled")
    voicemail: tuple[str, ...] = ("voicemail",)
    recording: tuple[str, ...] = ("recording", "transcription")


class AccountBase(_Part):
    """What every account has."""

    #: The last part of its address, ``/call/<name>``, and the account of its events.
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    #: What was said in an answered call is typed by the agent (the form's page for the call); the
    #: record of the call is then kept as such. False: its recording is the complaint.
    agent_types: bool = True
    #: Hangups sometimes never come: after this long a call counts as over.
    call_open_hours: Annotated[float, Field(gt=0, le=48)] = 4.0
    #: How long a recording or a transcription may come after the end.
    recording_wait_seconds: Annotated[float, Field(ge=1, le=86_400)] = 900.0
    #: Where recordings may be fetched, and the login there.
    recordings_url: HttpUrl | None = None
    recordings_username: str | None = None
    recordings_password: Secret | None = None

    @model_validator(mode="after")
    def _login_is_whole(self) -> "AccountBase":
        if (self.recordings_username is None) != (self.recordings_password is None):
            raise ValueError("recordings_username and recordings_password belong together")
        return self


class GenericAccount(AccountBase):
    """Any telephone system that posts JSON."""

    dialect: Literal["generic"]
    verify: HmacProof
    fields: FieldMap = FieldMap()
    events: EventNames = EventNames()
    #: Values of ``direction`` that are calls to us.
    inbound: tuple[str, ...] = ("inbound", "in", "incoming")


class TwilioVoiceAccount(AccountBase):
    """A Twilio number for calls. Recordings: ``recordings_url`` is ``https://api.twilio.com``, the
    login is account SID and auth token."""

    dialect: Literal["twilio_voice"]
    auth_token: Secret
    #: Said before the tone by ``/call/<name>/voice``.
    greeting: Annotated[str, Field(min_length=1, max_length=500)] = (
        "Selamat datang di layanan pengaduan. Sampaikan aduan Anda setelah nada, "
        "sebutkan desa dan kecamatannya."
    )
    longest_seconds: Annotated[int, Field(ge=10, le=600)] = 180


Account = Annotated[GenericAccount | TwilioVoiceAccount, Field(discriminator="dialect")]


class CallCenterSettings(Section):
    """``[call_center]``: several telephone systems may stand side by side."""

    table = "call_center"
    model_config = section_config("call_center")

    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "CallCenterSettings":
        names = [account.name for account in self.accounts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two accounts are called {', '.join(twice)}; names must differ")
        return self
