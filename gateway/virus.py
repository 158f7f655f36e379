"""The virus scan: clamd, asked over its socket, sees the bytes and never a file.

Nothing is passed on unscanned while a scanner is configured: when it is away, the attachment
waits with its source.
"""

import asyncio
import io
import logging
from enum import Enum

from clamav_client.clamd import (
    BufferTooLongError,
    ClamdError,
    ClamdNetworkSocket,
    ClamdUnixSocket,
)

from gateway.errors import GatewayFault, Misconfigured
from gateway.settings import ConfigFile, MediaSettings

log = logging.getLogger(__name__)

#: clamd's own bound for one file is 120 s (clamd.conf, MaxScanTime).
_SCAN_SECONDS = 150.0
_PING_SECONDS = 5.0


class Verdict(Enum):
    """What the scanner says."""

    CLEAN = "clean"
    INFECTED = "infected"
    #: Above its StreamMaxLength.
    TOO_LARGE = "too_large"
    #: It answers, but not for this file.
    UNREADABLE = "unreadable"


class ScannerAway(GatewayFault):
    """clamd does not answer. Reaction: the same again later; nothing passes unscanned."""


class VirusScanner:
    """Asks one clamd. ``address``: the path of its socket, or ``host:port``."""

    def __init__(self, address: str) -> None:
        self._path = address if address.startswith("/") else None
        self._host, _, self._port = address.rpartition(":")
        if self._path is None and not (
            self._host and self._port.isascii() and self._port.isdigit()
        ):
            raise Misconfigured(
                "[media] clamd: is neither a path like /run/clamav/clamd.ctl nor host:port"
            )

    async def scan(self, content: bytes) -> Verdict:
        """The verdict on the bytes.

        Raises:
            ScannerAway: there is none.
        """
        for _ in range(2):
            try:
                return await asyncio.to_thread(self._scan, content)
            except (ClamdError, OSError, ValueError) as error:
                log.warning("scan.failed", extra={"error": type(error).__name__})
            # Away, or unable to read this one? Only the former may hold an item back.
            await self.check()
        return Verdict.UNREADABLE

    async def check(self) -> None:
        """Prove that it answers. Raises ScannerAway."""
        try:
            await asyncio.to_thread(self._ping)
        except (ClamdError, OSError, ValueError) as error:
            raise ScannerAway(
                f"the virus scanner does not answer ({type(error).__name__}); start clamav-daemon "
                "or see clamd in [media] of gateway.toml"
            ) from None

    def _scan(self, content: bytes) -> Verdict:
        try:
            found = self._client(_SCAN_SECONDS).instream(io.BytesIO(content))
        except BufferTooLongError:
            return Verdict.TOO_LARGE
        # Empty when it hung up in the middle.
        status, _ = found.get("stream", ("", None))
        if status not in ("OK", "FOUND"):
            raise ValueError("clamd could not read it")
        return Verdict.CLEAN if status == "OK" else Verdict.INFECTED

    def _ping(self) -> None:
        client = self._client(_PING_SECONDS)
        try:
            if client.ping().strip() != "PONG":
                raise ValueError("not clamd")
        finally:
            # The library leaves it open when nobody listens.
            if (asked := getattr(client, "clamd_socket", None)) is not None:
                asked.close()

    def _client(self, seconds: float) -> ClamdNetworkSocket:
        if self._path is not None:
            return ClamdUnixSocket(self._path, timeout=seconds)  # type: ignore[arg-type]
        return ClamdNetworkSocket(self._host, int(self._port), timeout=seconds)


def make_scanner(config: ConfigFile) -> VirusScanner | None:
    """The scanner that the settings name; None: nothing is scanned. Raises Misconfigured."""
    address = config.load(MediaSettings).clamd
    return None if address is None else VirusScanner(address)
