"""Pictures of an MMS: Twilio keeps them, behind the account's login ("Media subresource")."""

from collections.abc import Sequence

from connectors.sms.settings import SmsSettings, TwilioAccount
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, AnswerTooLarge, NoAnswer, NotSent, Outgoing
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: Where Twilio's API sends whoever asks for the bytes.
_HOSTS = (
    "api.twilio.com",
    "*.twiliocdn.com",
    "media.twiliocdn.com.s3-external-1.amazonaws.com",
)
_GONE = (404, 410)


class TwilioFetcher:
    """The pictures of one account; see ``gateway.contract.Fetcher``."""

    def __init__(self, account: TwilioAccount, user: str) -> None:
        self.channel = Channel.SMS
        self.account = account.name
        self._api = account.api_url.rstrip("/") + "/"
        self._login = (user, account.auth_token.get_secret_value())
        self._outgoing: Outgoing | None = None

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """The bytes behind a ``MediaUrl``.

        Raises:
            MediaGone, MediaRefused, MediaAway.
        """
        if self._outgoing is None:
            self._outgoing = Outgoing((self._api,), _HOSTS)
        # The token goes to Twilio's API alone; where it points us to needs none.
        auth = self._login if media_id.startswith(self._api) else None
        try:
            answer = await self._outgoing.download(media_id, auth=auth, max_bytes=max_bytes)
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except (NotSent, NoAnswer):
            raise MediaAway from None
        if answer.status in _GONE:
            raise MediaGone("Twilio has it no more")
        if answer.status != 200:
            # A wrong token too: a person can set it right, and the picture is still there.
            raise MediaAway(answer.retry_after_seconds)
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        return Fetched(answer.body, kind.partition(";")[0].strip())

    async def close(self) -> None:
        """Let go; never raises."""
        if self._outgoing is not None:
            await self._outgoing.close()
            self._outgoing = None


def build_fetchers(config: ConfigFile) -> Sequence[TwilioFetcher]:
    """One for every Twilio account whose ``account_sid`` is known. Raises Misconfigured."""
    return [
        TwilioFetcher(account, user)
        for account in config.load(SmsSettings).accounts
        if isinstance(account, TwilioAccount) and (user := account.media_user) is not None
    ]
