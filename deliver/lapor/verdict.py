"""How sure an HTTP status makes us about what happened to a write."""

import aiohttp

from deliver.target import Busy, CredentialsRefused, NoAnswer, Refused, TargetFault, Unreachable

#: An id and a message need a hundred bytes; a detail with its history a few thousand.
_MAX_ANSWER_BYTES = 1_048_576


def fault_of(response: aiohttp.ClientResponse, words: str, section: str) -> TargetFault | None:
    """None for 2xx. ``words`` are LAPOR's own; ``section`` is where its credentials stand."""
    status = response.status
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        return CredentialsRefused(
            f"LAPOR! refuses our credentials; renew them in {section}, then start again"
        )
    if status in (429, 503):
        return Busy(_retry_after(response))
    # An address that is not there took nothing: a wrong path, or a gateway being redeployed.
    if status in (404, 405):
        return Unreachable(f"status {status}")
    # 408: the server gave up waiting; what it had read by then is anybody's guess.
    if 400 <= status < 500 and status != 408:
        return Refused(f"{status} {words}".strip())
    return NoAnswer(f"status {status}")


async def read_answer(response: aiohttp.ClientResponse) -> bytes:
    """The body, up to a size that no honest answer has."""
    raw = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > _MAX_ANSWER_BYTES:
            break
    return bytes(raw)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
