"""Recordings: Twilio's behind the account's login, and those of a PBX on its own server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, urljoin

from connectors.call_center.recordings import open_address, type_of
from connectors.call_center.settings import Account, CallCenterSettings, TwilioVoiceAccount
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, Answer, AnswerTooLarge, Outgoing, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: Where Twilio's API sends whoever asks for the bytes.
_TWILIO_HOSTS = (
    "api.twilio.com",
    "*.twiliocdn.com",
    "media.twiliocdn.com.s3-external-1.amazonaws.com",
)
_GONE = (404, 410)
_SAFE = "/:?#[]@!$&'()*+,;=%-._~"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the recordings of an account lie."""

    base_url: str
    hosts: tuple[str, ...]
    login: tuple[str, str] | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


class RecordingFetcher:
    """The recordings of one account; see ``gateway.contract.Fetcher``."""

    def __init__(self, account: str, place: Place, address_of: Callable[[str], str | None]) -> None:
        self.channel = Channel.CALL_CENTER
        self.account = account
        self._place = place
        self._base = place.base_url + "/"
        self._address_of = address_of
        self._outgoing: Outgoing | None = None

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """The bytes of a recording.

        Raises:
            MediaGone, MediaRefused, MediaAway.
        """
        told = self._address_of(media_id)
        if told is None:
            raise MediaGone("the account's secret was changed; fetch the recording by hand")
        # A path is below the base; "//host" and ".." lead out of it, and lose the login.
        url = urljoin(self._base, quote(told, safe=_SAFE))
        answer = await self._get(url, max_bytes)
        if answer.status in _GONE:
            raise MediaGone("the recording is there no more")
        if answer.status != 200:
            # A wrong login too: a person can set it right, and the recording is still there.
            raise MediaAway(answer.retry_after_seconds)
        declared = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return Fetched(answer.body, declared or type_of(told))

    async def close(self) -> None:
        """Let go; never raises."""
        if self._outgoing is not None:
            await self._outgoing.close()
            self._outgoing = None

    async def _get(self, url: str, max_bytes: int) -> Answer:
        if self._outgoing is None:
            self._outgoing = Outgoing((self._base,), self._place.hosts)
        headers, auth = None, None
        if url.startswith(self._base):
            auth = self._place.login
            if self._place.token is not None:
                headers = {"Authorization": f"Bearer {self._place.token}"}
        try:
            return await self._outgoing.download(
                url, headers=headers, auth=auth, max_bytes=max_bytes
            )
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except OutgoingFault:
            raise MediaAway from None


def build_fetchers(config: ConfigFile) -> Sequence[RecordingFetcher]:
    """One for every account that says where recordings lie. Raises Misconfigured."""
    found = map(_fetcher, config.load(CallCenterSettings).accounts)
    return [fetcher for fetcher in found if fetcher is not None]


def _fetcher(account: Account) -> RecordingFetcher | None:
    place = place_of(account)
    if place is None:
        return None
    if isinstance(account, TwilioVoiceAccount):
        return RecordingFetcher(account.name, place, lambda media_id: media_id)
    return RecordingFetcher(account.name, place, partial(open_address, account.verify.secret))


def place_of(account: Account) -> Place | None:
    """Where an account's recordings lie; None when it does not say."""
    if isinstance(account, TwilioVoiceAccount):
        if account.account_sid is None:
            return None
        login = (account.account_sid, account.auth_token.get_secret_value())
        return Place(account.api_url, _TWILIO_HOSTS, login)
    if account.recordings_url is None:
        return None
    username, password = account.recordings_username, account.recordings_password
    token = account.recordings_token
    return Place(
        account.recordings_url,
        account.recordings_hosts,
        (username, password.get_secret_value()) if username and password else None,
        token.get_secret_value() if token else None,
    )
