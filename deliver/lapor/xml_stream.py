"""LAPOR's old XML call. Says exactly how sure it is about what happened; never waits or retries.

Bodies are logged nowhere: they hold our token and a complaint.
"""

import asyncio
import time
from collections.abc import Sequence

import aiohttp

from deliver.lapor.verdict import fault_of, read_answer
from deliver.lapor.xml_mapping import add_document, added_id, refusal_words
from deliver.lapor.xml_settings import LaporXmlSettings
from deliver.target import CannotLookUp, Entry, EntryFile, NoAnswer, Receipt, Refused, Unreachable
from gateway.metrics import DELIVER_ENTER_SECONDS

#: Spelt as the known client spells it.
_CONTENT_TYPE = "text/xml; charset=UTF8"


class LaporXmlStream:
    """Implements ``deliver.target.Target`` over ``addstream``."""

    mode = "xml_stream"

    def __init__(self, settings: LaporXmlSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """See ``Target.open``."""
        self._settings.require_complete()
        # A connection of its own for every call: on a kept one, a server that closes it just then
        # leaves open whether the call arrived.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
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
        """See ``Target.check``. The token is not tried: the only call that takes it writes."""
        response, _ = await self._exchange("GET", self._settings.check_path)
        # A page that has moved or is not there was still answered by somebody.
        if response.status == 429 or response.status >= 500:
            raise fault_of(response, "", "") or NoAnswer(f"status {response.status}")

    async def enter(self, entry: Entry) -> Receipt:
        """See ``Target.enter``."""
        document = add_document(entry, self._settings)
        started = time.perf_counter()
        response, answer = await self._exchange("POST", self._settings.add_path, document)
        DELIVER_ENTER_SECONDS.observe(time.perf_counter() - started)
        if fault := fault_of(response, refusal_words(answer), "[lapor_xml]"):
            raise fault
        tracking_id, transaction_id = added_id(answer)
        if tracking_id is None:
            # It stands in the history then, where an operator has something to ask LAPOR with.
            told = f", transaksiid {transaction_id}" if transaction_id else ""
            raise NoAnswer(f"2xx without an id{told}")
        return Receipt(tracking_id)

    async def find(self, reference: str) -> Receipt | None:
        """Always raises CannotLookUp: the old API cannot be asked for a text."""
        raise CannotLookUp("addstream has no look-up by our reference")

    async def attach(self, tracking_id: str, files: Sequence[EntryFile]) -> None:
        """Always raises Refused: the old API takes no files. A person adds them in LAPOR's form."""
        raise Refused("addstream takes no files")

    async def _exchange(
        self, method: str, path: str, document: bytes | None = None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        if self._session is None:
            raise Unreachable("not open")
        url = self._settings.base_url.rstrip("/") + path
        headers = {"Content-Type": _CONTENT_TYPE} if document is not None else {}
        try:
            async with self._session.request(
                method, url, data=document, headers=headers, allow_redirects=False
            ) as response:
                return response, await read_answer(response)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as fault:
            raise Unreachable(type(fault).__name__) from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as fault:
            raise NoAnswer(type(fault).__name__) from None
