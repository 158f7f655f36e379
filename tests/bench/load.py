"""A bounded load from this process over keep-alive connections to 127.0.0.1."""

import asyncio
import base64
import itertools
import json
import time
from dataclasses import dataclass

ACCOUNT = "Basic " + base64.b64encode(b"bench:bench-password").decode()
TEXT = (
    "NGAWI Jalan desa Babadan kec. Paron berlubang sejak Senin, sudah dua kali motor jatuh. "
    "Mohon segera diperbaiki, hubungi pak RT 0812 0000 9001 kalau perlu keterangan."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one load saw: acknowledged requests a second, and how long each waited."""

    per_second: float
    p50_ms: float
    p99_ms: float


async def measure(
    url: str, authorization: str, *, callers: int, seconds: float, rate: float | None = None
) -> Measured:
    """As fast as it goes, or at ``rate`` requests a second, whatever the answers take.

    Raises:
        RuntimeError: an answer was not 200.
    """
    host, port, path = _split(url)
    waits: list[float] = []
    numbers = itertools.count()
    started = time.perf_counter()
    deadline = started + seconds

    async def caller() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while (now := time.perf_counter()) < deadline:
                number = next(numbers)
                due = started + number / rate if rate else now
                if due >= deadline:
                    return
                if due > now:
                    await asyncio.sleep(due - now)
                writer.write(_request(host, port, path, authorization, number))
                await _answer(reader)
                # From when it was due: a stalled server is charged for the queue it causes.
                waits.append(time.perf_counter() - max(due, started))
        finally:
            writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed = time.perf_counter() - started
    waits.sort()
    return Measured(
        len(waits) / elapsed, waits[len(waits) // 2] * 1e3, waits[int(len(waits) * 0.99)] * 1e3
    )


def _split(url: str) -> tuple[str, int, str]:
    rest = url.removeprefix("http://")
    address, _, path = rest.partition("/")
    host, _, port = address.partition(":")
    return host, int(port), "/" + path


def _request(host: str, port: int, path: str, authorization: str, number: int) -> bytes:
    body = json.dumps(
        {"id": f"bench-{time.time_ns()}-{number}", "from": f"08120000{number % 997:04d}",
         "to": "1708", "text": TEXT}
    ).encode()  # fmt: skip
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if b"content-length" in line
    )
    await reader.readexactly(length)
