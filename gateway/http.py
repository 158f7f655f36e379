"""Outgoing HTTP to providers: time-outs, size caps, and only addresses that we mean to call.

Addresses from settings are trusted. An address that came in a payload (a picture's URL) is called
only over HTTPS, only at a host of the channel's list, and only if that host has a public address:
nobody makes the gateway call its own neighbours. Nothing of a request or answer is logged.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.errors import GatewayFault

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
_CHUNK = 65_536

#: What is given out to hosts on the internet; the rest of IPv6 is local, or leads into IPv4.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class OutgoingFault(GatewayFault):
    """Base of what can go wrong with a call. The message holds no address."""


class NotSent(OutgoingFault):
    """Certainly not received by anybody: no connection, no such name."""


class NoAnswer(OutgoingFault):
    """Sent, perhaps received, and no whole answer came."""


class AnswerTooLarge(OutgoingFault):
    """More bytes than allowed; the rest was not read."""


class AddressRefused(OutgoingFault):
    """Not an address that this gateway calls."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Any status is an answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after_seconds(self) -> float | None:
        """What the server asks for; None when it does not, or by a date."""
        value = self.headers.get("Retry-After", "").strip()
        return float(value) if value.isascii() and value.isdigit() else None


class Outgoing:
    """Calls to the addresses of one channel. Make it inside a running loop; close it at the end.

    ``trusted``: base URLs from settings; whatever has their scheme, host and port may be called,
    inner addresses too. ``hosts``: names that payloads may point to, ``*.example.com`` included.
    """

    def __init__(
        self,
        trusted: Iterable[str] = (),
        hosts: Sequence[str] = (),
        *,
        connect_seconds: float = 10.0,
        total_seconds: float = 30.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """``resolver`` finds the addresses of names, before they are judged; None: the system's."""
        self._trusted = frozenset(_origin(_address(url)) for url in trusted)
        self._hosts = tuple(host.lower() for host in hosts)
        trusted_hosts = frozenset(origin[1] for origin in self._trusted)
        public_only = _PublicResolver(trusted_hosts, resolver or aiohttp.ThreadedResolver())
        self._session = aiohttp.ClientSession(
            # A connection of its own for every call: one that waited may have been closed by the
            # other side, and then nobody can say whether a request on it was received.
            connector=aiohttp.TCPConnector(resolver=public_only, force_close=True),
            timeout=aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds),
            # No proxy, no .netrc: what is called is decided by the settings alone.
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object | None = None,
        data: bytes | Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int = 1_000_000,
    ) -> Answer:
        """One request, no redirects. A mapping is sent as a form; ``auth`` is Basic.

        Raises:
            NotSent, NoAnswer, AnswerTooLarge, AddressRefused.
        """
        address = _address(url)
        self._check(address)
        login = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        sent = {**(headers or {}), **login}
        try:
            async with self._session.request(
                method, address, headers=sent, json=json, data=data, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await _read(response, max_bytes))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            if _is_refusal(error):
                raise AddressRefused("the host has no public address") from None
            raise NotSent(type(error).__name__) from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
            raise AddressRefused("not an HTTP address") from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise NoAnswer(type(error).__name__) from None

    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int,
    ) -> Answer:
        """A GET that follows redirects to allowed addresses; credentials stay with their host.

        Raises:
            NotSent, NoAnswer, AnswerTooLarge, AddressRefused.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self.call("GET", url, headers=headers, auth=auth, max_bytes=max_bytes)
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            there = urljoin(url, target)
            if _origin(_address(there)) != _origin(_address(url)):
                headers = auth = None
            url = there
        raise AddressRefused("too many redirects")

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        await self._session.close()

    def _check(self, address: URL) -> None:
        origin = _origin(address)
        if origin in self._trusted:
            return
        scheme, host, port = origin
        if scheme != "https" or port != 443 or "@" in address.raw_authority:
            raise AddressRefused("not a plain HTTPS address")
        if not any(_matches(host, pattern) for pattern in self._hosts):
            raise AddressRefused("not a host of this channel")
        try:
            public = _is_public(host)
        except ValueError:
            # A name: it is judged when it is resolved.
            return
        if not public:
            raise AddressRefused("not a public address")


class _NotPublic(OSError):
    """A name resolves to an address inside."""


class _PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, except for the hosts that settings name."""

    def __init__(self, trusted_hosts: frozenset[str], inner: AbstractResolver) -> None:
        self._trusted = trusted_hosts
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host.lower() in self._trusted:
            return found
        # One inner address among several is enough to be refused: the choice would be a race.
        if not all(_is_public(one["host"].split("%")[0]) for one in found):
            raise _NotPublic("resolves to an address inside")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _is_refusal(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, _NotPublic):
            return True
        error = error.__cause__ or getattr(error, "os_error", None)
    return False


def _is_public(host: str) -> bool:
    """Whether an address is one of the internet. Raises ValueError for what is no address."""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        # 6to4 carries an IPv4 address, which may be an inner one.
        outside = address in _GLOBAL_UNICAST and address.sixtofour is None
        return outside and address.is_global
    return address.is_global and not address.is_multicast


def _address(url: str) -> URL:
    """Parsed once, by the library that will call it: two parsers may see two hosts in one text.

    Taken as it is written, since a signed address must arrive unchanged. Raises AddressRefused.
    """
    try:
        address = URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
        usable = address.scheme in ("http", "https") and bool(address.host)
    except ValueError:
        usable = False
    if not usable:
        raise AddressRefused("not an HTTP address")
    return address


def _origin(address: URL) -> tuple[str, str, int]:
    return address.scheme, (address.host or "").lower(), address.port or -1


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (response.content_length or 0) > max_bytes:
        raise AnswerTooLarge("the answer is larger than allowed")
    read = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > max_bytes:
            raise AnswerTooLarge("the answer is larger than allowed")
    return bytes(read)
