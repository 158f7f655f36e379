"""The shape of every JSON answer; each says that it comes from the sandbox."""

from collections.abc import Mapping

from aiohttp import web

from compose.lapor_sandbox import BANNER


def answer(status: int, /, **body: object) -> web.Response:
    """A JSON answer with the given fields at its root."""
    return web.json_response({"sandbox": BANNER, "status": "success", **body}, status=status)


def refusal(
    status: int, message: str, errors: Mapping[str, list[str]] | None = None
) -> web.Response:
    """A readable refusal. LAPOR!'s own error body is not known; this one is the sandbox's."""
    body: dict[str, object] = {"sandbox": BANNER, "status": "error", "message": message}
    if errors:
        body["errors"] = errors
    return web.json_response(body, status=status)
