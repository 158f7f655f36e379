"""How a create misbehaves: each fault at its own point of the call, before or after the write."""

import asyncio
import logging
import socket
import struct

from aiohttp import web

from compose.lapor_sandbox.answers import answer, refusal
from compose.lapor_sandbox.switches import SwitchBoard, Switches

log = logging.getLogger(__name__)

BOARD: web.AppKey[SwitchBoard] = web.AppKey("switch board", SwitchBoard)
#: Set when the server stops, so that nothing that waits on purpose holds it up.
STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)

#: How soon a hanging call sees that its client has gone.
_HANG_CHECK_SECONDS = 0.05


async def before_reading(request: web.Request) -> web.Response | None:
    """Slowness and overload; nothing has been written."""
    board = request.app[BOARD]
    state = board.current
    if board.take("delay_seconds"):
        await _stopped_within(request, state.delay_seconds)
    if board.take("busy_429"):
        return _busy(429, "Terlalu banyak permintaan", state)
    if board.take("busy_503"):
        return _busy(503, "Layanan sedang sibuk", state)
    if board.take("fail_500"):
        return refusal(500, "internal server error")
    return None


def about_content(board: SwitchBoard, content: str) -> web.Response | None:
    """Refuses the one complaint whose content holds the switch's text."""
    wanted = board.current.refuse_content_containing
    if not wanted or wanted not in content:
        return None
    board.take("refuse_content_containing")
    return refusal(422, "Laporan ditolak", {"content": ["memuat hal yang tidak diterima"]})


async def after_writing(request: web.Request, tracking_id: int) -> web.Response | None:
    """The complaint is kept, and the client does not get to know it."""
    board = request.app[BOARD]
    if board.take("fail_500_after_write"):
        log.info("complaint.answer_withheld", extra={"tracking_id": tracking_id})
        return refusal(500, "internal server error")
    hang = board.take("hang_after_write")
    if not hang and not board.take("reset_after_write"):
        return None
    log.info("complaint.answer_withheld", extra={"tracking_id": tracking_id})
    while hang and _is_connected(request):
        if await _stopped_within(request, _HANG_CHECK_SECONDS):
            break
    _reset(request)
    return answer(200)  # Goes nowhere: the connection is gone.


def _busy(status: int, message: str, state: Switches) -> web.Response:
    response = refusal(status, message)
    response.headers["Retry-After"] = str(state.retry_after_seconds)
    return response


async def _stopped_within(request: web.Request, seconds: float) -> bool:
    try:
        await asyncio.wait_for(request.app[STOPPING].wait(), seconds)
    except TimeoutError:
        return False
    return True


def _is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _reset(request: web.Request) -> None:
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    # Lingering for 0 s turns the close into a TCP reset, as a crashed server would send.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
