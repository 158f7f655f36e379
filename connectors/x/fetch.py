"""Pictures and videos: public ones as anybody gets them, private ones with the account's keys."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from connectors.x.api import Signer, signer_of
from connectors.x.settings import XAccount, XSettings
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, Answer, AnswerTooLarge, Outgoing, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel

_GONE = (404, 410)


class XFetcher:
    """Fetches the attachments of one account."""

    def __init__(self, account: XAccount, signer: Signer | None, settings: XSettings) -> None:
        self._account = account
        self._signer = signer
        self._private = settings.private_media_url
        self._hosts = settings.media_hosts
        self._outgoing = Outgoing(trusted=(self._private,), hosts=self._hosts)

    @property
    def channel(self) -> Channel:
        """X."""
        return Channel.X

    @property
    def account(self) -> str:
        """The account whose attachments it fetches."""
        return self._account.name

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """See ``Fetcher.fetch``; ``media_id`` is an address."""
        answer = await self._get(_largest(media_id), max_bytes)
        if answer.status in _GONE and _largest(media_id) != media_id:
            answer = await self._get(media_id, max_bytes)
        if answer.status in _GONE:
            raise MediaGone("X has the attachment no longer")
        if answer.status != 200:
            # 401 and 403 too: wrong keys can be put right, the attachment is still there.
            raise MediaAway(answer.retry_after_seconds)
        media_type = answer.headers.get("Content-Type", "application/octet-stream")
        return Fetched(answer.body, media_type.partition(";")[0].strip(), _name(media_id))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._outgoing.close()

    async def _get(self, url: str, max_bytes: int) -> Answer:
        headers = None
        if self._signer is not None and _origin(url) == _origin(self._private):
            headers = self._signer.headers("GET", url)
        try:
            return await self._outgoing.download(url, headers=headers, max_bytes=max_bytes)
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except OutgoingFault:
            raise MediaAway from None


def _largest(url: str) -> str:
    """X shows pictures reduced, and the one that was uploaded when asked ("Media object")."""
    parts = urlsplit(url)
    if parts.hostname == "pbs.twimg.com" and parts.path.startswith("/media/") and not parts.query:
        return f"{url}?name=orig"
    return url


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _name(url: str) -> str | None:
    return urlsplit(url).path.rpartition("/")[2] or None


def build_fetchers(config: ConfigFile) -> Sequence[XFetcher]:
    """One for every account. Raises Misconfigured."""
    settings = config.load(XSettings)
    return tuple(
        XFetcher(account, signer_of(account, account.keys) if account.keys else None, settings)
        for account in settings.accounts
    )
