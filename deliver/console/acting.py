"""The forms: each does one thing once, or says why not and shows how things stand."""

import asyncio
import logging
from http import HTTPStatus

from aiohttp import web

from deliver.console.act import (
    ACTIONS,
    Action,
    done_already,
    missing_words,
    must_be_sure,
    perform,
)
from deliver.console.detail import detail_page
from deliver.console.site import Posted, Visitor, asked_row
from deliver.ledger import LedgerConflict, Stale
from deliver.rows import LedgerRow

log = logging.getLogger(__name__)

_CHANGED = (
    "Tidak dilakukan: keadaan aduan ini berubah sejak halaman Anda dibuka. "
    "Di bawah ini keadaannya sekarang."
)
#: Where a form may send its operator back to.
_WORK_LISTS = ("belum-pasti", "entri")


async def act(request: web.Request, visitor: Visitor, posted: Posted) -> web.StreamResponse:
    """One form of one complaint."""
    row = await asked_row(request, visitor.site)
    action = ACTIONS.get(request.match_info["action"])
    if action is None:
        raise web.HTTPNotFound
    if posted.get("versi") != str(row.version):
        return await _after_conflict(visitor, action, row, posted, _CHANGED)
    if problem := missing_words(action, posted):
        unprocessable = HTTPStatus.UNPROCESSABLE_ENTITY
        return await detail_page(visitor, row, problem=problem, status=unprocessable)
    if must_be_sure(action, row) and posted.get("yakin") != "ya":
        context = {"here": "belum-pasti", "row": row, "action": action, "posted": posted}
        return visitor.page("sure.html", context)
    try:
        await asyncio.to_thread(perform, action, visitor.desk, row, posted)
    except Stale:
        return await _after_conflict(visitor, action, row, posted, _CHANGED)
    except LedgerConflict as conflict:
        sentence = f"Tidak dilakukan: {conflict}"
        return await _after_conflict(visitor, action, row, posted, sentence)
    log.info(
        "console.acted", extra={"complaint_id": str(row.complaint_id), "reason": action.reason}
    )
    return _onward(visitor, action, row, posted)


async def _after_conflict(
    visitor: Visitor, action: Action, row: LedgerRow, posted: Posted, sentence: str
) -> web.Response:
    """The second half of a double click is told the same as the first; all others are told no."""
    queries = visitor.site.ledger.queries
    current = await asyncio.to_thread(queries.get, row.complaint_id) or row
    history = await asyncio.to_thread(queries.history, row.complaint_id)
    if done_already(action, visitor.desk, current, history[-1], posted):
        return _onward(visitor, action, row, posted)
    return await detail_page(visitor, current, problem=sentence, status=HTTPStatus.CONFLICT)


def _onward(visitor: Visitor, action: Action, row: LedgerRow, posted: Posted) -> web.Response:
    back = posted.get("ke", "")
    if back in _WORK_LISTS:
        return visitor.site.view.redirect(f"/{back}?sudah={action.name}&aduan={row.complaint_id}")
    if action.name == "ambil":
        return visitor.site.view.redirect(f"/entri/{row.complaint_id}")
    return visitor.site.view.redirect(f"/aduan/{row.complaint_id}?sudah={action.name}")
