"""LAPOR's v3 JSON API. Says exactly how sure it is about what happened; never waits or retries.

Headers and bodies are logged nowhere: the first hold our credentials, the second a complaint.
"""

import asyncio
import json
import time
from collections.abc import Sequence

import aiohttp

from deliver.lapor.mapping import (
    FOLLOW_UP_PART,
    UPLOAD_PART,
    attached_count,
    create_body,
    created_id,
    follow_up_fields,
    refusal_words,
    status_name,
    uploaded_ids,
)
from deliver.settings import LaporSettings
from deliver.target import (
    Busy,
    CannotLookUp,
    CredentialsRefused,
    Entry,
    EntryFile,
    FilesMissing,
    NoAnswer,
    Receipt,
    Refused,
    Unreachable,
)
from gateway.metrics import DELIVER_ENTER_SECONDS

#: An id and a message need a hundred bytes; a detail with its history a few thousand.
_MAX_ANSWER_BYTES = 1_048_576

_FILES_TEXT = "Lampiran dari pelapor."


class NothingThere(Unreachable):
    """Nothing stands under that address: no such complaint, or no such call."""


class LaporV3:
    """Implements ``deliver.target.Target`` over HTTP."""

    mode = "v3"

    def __init__(self, settings: LaporSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """See ``Target.open``."""
        self._settings.require_complete()
        # A connection of its own for every call: on a kept one, a server that closes it just then
        # leaves open whether the call arrived.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            headers=self._headers(),
            timeout=aiohttp.ClientTimeout(
                total=self._settings.total_timeout_seconds,
                sock_connect=self._settings.connect_timeout_seconds,
            ),
        )

    async def close(self) -> None:
        """See ``Target.close``."""
        if self._session is not None:
            await self._session.close()

    async def check(self) -> None:
        """See ``Target.check``."""
        await self._call("GET", self._settings.check_path)

    async def enter(self, entry: Entry) -> Receipt:
        """See ``Target.enter``."""
        body = create_body(entry, self._settings)
        started = time.perf_counter()
        answer = await self._call("POST", self._settings.create_path, body=body)
        DELIVER_ENTER_SECONDS.observe(time.perf_counter() - started)
        tracking_id = created_id(answer)
        if tracking_id is None:
            raise NoAnswer("2xx without an id")
        return Receipt(tracking_id)

    async def find(self, reference: str) -> Receipt | None:
        """Always raises CannotLookUp: no call of v3 searches by text."""
        raise CannotLookUp("LAPOR v3 has no look-up by our reference")

    async def status(self, tracking_id: str) -> str | None:
        """What LAPOR says of a complaint; None when it has none of that id."""
        path = self._settings.detail_path.format(complaint_id=_digits(tracking_id))
        try:
            return status_name(await self._call("GET", path))
        except (Refused, Unreachable):
            return None

    async def read(self, path: str) -> object:
        """The answer of a call that only reads.

        Raises:
            NothingThere: nothing stands under that path.
            Busy, Unreachable, NoAnswer, Refused, CredentialsRefused.
        """
        return await self._call("GET", path)

    async def upload(self, files: Sequence[EntryFile]) -> list[int]:
        """Put files there for a create that follows; their ids.

        Raises:
            FilesMissing: fewer ids came back than files were sent.
        """
        form = aiohttp.FormData()
        for file in files:
            _add_file(form, UPLOAD_PART, file)
        ids = uploaded_ids(await self._call("POST", self._settings.upload_path, form=form))
        if len(set(ids)) != len(files):
            raise FilesMissing(f"{len(files)} files sent, {len(set(ids))} ids received")
        return ids

    async def attach(self, tracking_id: str, files: Sequence[EntryFile]) -> None:
        """See ``Target.attach``. A follow-up carries the files itself."""
        form = aiohttp.FormData()
        for name, value in follow_up_fields(
            _digits(tracking_id), _FILES_TEXT, self._settings
        ).items():
            form.add_field(name, value)
        for index, file in enumerate(files):
            _add_file(form, FOLLOW_UP_PART.format(index=index), file)
        answer = await self._call("POST", self._settings.follow_up_path, form=form)
        arrived = attached_count(answer)
        if arrived is not None and arrived != len(files):
            raise FilesMissing(f"{len(files)} files sent, {arrived} arrived")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        form: aiohttp.FormData | None = None,
    ) -> object:
        if self._session is None:
            raise Unreachable("not open")
        url = self._settings.base_url.rstrip("/") + path
        try:
            # aiohttp sets Content-Type by itself: a multipart boundary must come from the writer.
            async with self._session.request(
                method, url, json=body, data=form, allow_redirects=False
            ) as response:
                return _verdict(response, await _read(response))
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as fault:
            raise Unreachable(type(fault).__name__) from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as fault:
            raise NoAnswer(type(fault).__name__) from None

    def _headers(self) -> dict[str, str]:
        bearer = self._settings.bearer_prefix + self._settings.bearer.get_secret_value()
        return {
            "Accept": "application/json",
            self._settings.bearer_header: bearer,
            "token": self._settings.token.get_secret_value(),
        }


async def _read(response: aiohttp.ClientResponse) -> object:
    """The answer's JSON; its text where it is none."""
    raw = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > _MAX_ANSWER_BYTES:
            break
    text = raw.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _verdict(response: aiohttp.ClientResponse, answer: object) -> object:
    status = response.status
    if 200 <= status < 300:
        return answer
    if status in (401, 403):
        raise CredentialsRefused(
            "LAPOR! refuses our credentials; renew bearer and token in [lapor], then start again"
        )
    if status in (429, 503):
        raise Busy(_retry_after(response))
    # An address that is not there took nothing: a wrong path, or a gateway being redeployed.
    if status == 404:
        raise NothingThere("status 404")
    if status == 405:
        raise Unreachable(f"status {status}")
    # 408: the server gave up waiting; what it had read by then is anybody's guess.
    if 400 <= status < 500 and status != 408:
        raise Refused(f"{status} {refusal_words(answer)}".strip())
    raise NoAnswer(f"status {status}")


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _add_file(form: aiohttp.FormData, part: str, file: EntryFile) -> None:
    form.add_field(part, file.content, filename=file.name, content_type=file.media_type)


def _digits(tracking_id: str) -> str:
    if not (tracking_id.isascii() and tracking_id.isdigit()):
        raise Refused("tracking id is not a number")
    return tracking_id
