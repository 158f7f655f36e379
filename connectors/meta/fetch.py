"""Attachments: WhatsApp's by their id, Messenger's and Instagram's by their address.

WhatsApp Cloud API, "Media": an id is looked up, which gives an address that works for 5 minutes
and asks for the token. Mentions come without their words; those are looked up here as well.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.meta.fields import as_id, as_mapping
from connectors.meta.graph import Graph, error_of
from connectors.meta.settings import MetaSettings
from gateway.contract import Fetched
from gateway.errors import MediaAway, MediaGone, MediaRefused
from gateway.http import AddressRefused, Answer, AnswerTooLarge, OutgoingFault
from gateway.settings import ConfigFile
from normalizer.event import Channel

_ID = re.compile(r"[A-Za-z0-9_=-]{1,200}")
#: "Object does not exist, or cannot be loaded": the media is deleted after 30 days.
_NO_OBJECT = (100, 33)


@dataclass(frozen=True, slots=True)
class MetaFetcher:
    """How the attachments of one page, Instagram account or WhatsApp number are fetched."""

    channel: Channel
    account: str
    account_id: str
    graph: Graph

    async def fetch(self, media_id: str, max_bytes: int) -> Fetched:
        """See ``Fetcher.fetch``."""
        try:
            if media_id.startswith(("https://", "http://")):
                return await self._file(media_id, max_bytes)
            kind, separator, subject = media_id.partition(":")
            if separator:
                return await self._words(kind, _checked(subject), max_bytes)
            return await self._media(_checked(media_id), max_bytes)
        except AnswerTooLarge:
            raise MediaRefused("too_large") from None
        except AddressRefused:
            raise MediaRefused("address") from None
        except OutgoingFault:
            raise MediaAway from None

    async def close(self) -> None:
        """Let go; never raises."""
        await self.graph.close()

    async def _media(self, media_id: str, max_bytes: int) -> Fetched:
        found = as_mapping(_good(await self.graph.get(media_id)).json())
        url = as_id(found.get("url"))
        if url is None:
            raise MediaAway
        size = found.get("file_size")
        if isinstance(size, int) and size > max_bytes:
            raise MediaRefused("too_large")
        file = await self._file(url, max_bytes)
        return Fetched(file.content, as_id(found.get("mime_type")) or file.media_type)

    async def _file(self, url: str, max_bytes: int) -> Fetched:
        with_token = self.channel is Channel.WHATSAPP
        answer = await self.graph.download(url, max_bytes, with_token=with_token)
        # Those addresses carry their own signature; once it is too old, they answer 403.
        if answer.status == 403 and not with_token:
            raise MediaGone("the address has expired")
        content_type = _good(answer).headers.get("Content-Type", "application/octet-stream")
        return Fetched(answer.body, content_type)

    async def _words(self, kind: str, subject: str, max_bytes: int) -> Fetched:
        """What was written where somebody mentions us, and where to find it."""
        if kind == "object":
            answer = await self.graph.get(subject, fields="message,permalink_url")
            found = as_mapping(_good(answer).json())
            words, link = found.get("message"), found.get("permalink_url")
        elif kind in ("mentioned_comment", "mentioned_media"):
            name = "comment_id" if kind == "mentioned_comment" else "media_id"
            asked = "text,media{permalink}" if kind == "mentioned_comment" else "caption,permalink"
            fields = f"{kind}.{name}({subject}){{{asked}}}"
            answer = await self.graph.get(self.account_id, fields=fields)
            found = as_mapping(as_mapping(_good(answer).json()).get(kind))
            words = found.get("text") or found.get("caption")
            link = found.get("permalink") or as_mapping(found.get("media")).get("permalink")
        else:
            raise MediaRefused("address")
        lines = [text for text in (as_id(words), as_id(link)) if text is not None]
        if not lines:
            raise MediaGone("nothing is written there any more")
        content = "\n\n".join(lines).encode()
        if len(content) > max_bytes:
            raise MediaRefused("too_large")
        return Fetched(content, "text/plain; charset=utf-8", "sebutan.txt")


def build_fetchers(config: ConfigFile) -> Sequence[MetaFetcher]:
    """Everybody with a token.

    Raises:
        Misconfigured: a setting is wrong.
    """
    return tuple(
        MetaFetcher(channel, account.name, account.id, Graph(app, account.access_token))
        for app in config.load(MetaSettings).apps
        for channel, account in app.accounts()
        if account.access_token is not None
    )


def _checked(media_id: str) -> str:
    """Only what is an id gets into an address."""
    if not _ID.fullmatch(media_id):
        raise MediaRefused("address")
    return media_id


def _good(answer: Answer) -> Answer:
    error = error_of(answer) if answer.status >= 400 else None
    if error is None and answer.status < 300:
        return answer
    if answer.status in (404, 410):
        raise MediaGone("Meta has it no longer")
    if error is not None and (error.code, error.subcode) == _NO_OBJECT:
        raise MediaGone("Meta has it no longer")
    # Also where the token is refused: the same again once it is renewed.
    raise MediaAway(answer.retry_after_seconds)
