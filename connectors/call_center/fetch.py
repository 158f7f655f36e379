"""Recordings: fetched from the address that the settings name, and from nowhere else."""

from collections.abc import Sequence

from connectors.call_center.settings import Account, CallCenterSettings
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, AnswerTooLarge, Outgoing, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel

_GONE = (404, 410)


class RecordingFetcher:
    """Implements ``Fetcher`` for one account. Make it inside a running loop."""

    channel = Channel.CALL_CENTER

    def __init__(self, account: Account) -> None:
        self.account = account.name
        self._outgoing = Outgoing([account.recordings_url] if account.recordings_url else [])
        password = account.recordings_password
        self._login = (
            (account.recordings_username, password.get_secret_value())
            if account.recordings_username and password
            else None
        )

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """See ``Fetcher.fetch``."""
        try:
            answer = await self._outgoing.download(media_id, auth=self._login, max_bytes=max_bytes)
        except AddressRefused:
            raise MediaRefused("address") from None
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except OutgoingFault:
            raise MediaAway from None
        if answer.status in _GONE:
            raise MediaGone("the recording is no longer there")
        if answer.status != 200:
            raise MediaAway(answer.retry_after_seconds)
        return Fetched(answer.body, answer.headers.get("Content-Type", "application/octet-stream"))

    async def close(self) -> None:
        """See ``Fetcher.close``."""
        await self._outgoing.close()


def build_fetchers(config: ConfigFile) -> Sequence[RecordingFetcher]:
    """One for every account. Raises Misconfigured."""
    return [RecordingFetcher(one) for one in config.load(CallCenterSettings).accounts]
