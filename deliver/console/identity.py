"""Who complained: for a custodian who gives a reason and the password again, once per asking."""

import asyncio
import logging
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web

from deliver.console.detail import detail_page
from deliver.console.site import Posted, Visitor, asked_row
from deliver.identity.opening import open_identity
from deliver.ledger import LedgerConflict
from deliver.rows import LedgerRow
from gateway.auth import LoginRefused
from gateway.errors import CannotOpen
from normalizer.event import PrivatePart

log = logging.getLogger(__name__)

#: What the page shows, in its order; the raw payload stays shut.
_FIELDS = (
    ("Nama", "name"),
    ("Telepon", "phone"),
    ("E-mail", "email"),
    ("Akun", "handle"),
    ("Alamat", "postal_address"),
    ("NIK", "nik"),
    ("Teks asli", "original_text"),
)
#: A page with a name is cleared from the screen after this.
_SHOWN_FOR = timedelta(minutes=5)


async def show_identity(
    request: web.Request, visitor: Visitor, posted: Posted
) -> web.StreamResponse:
    """On record before it is shown. The answer to the POST itself: no address leads to it."""
    row = await asked_row(request, visitor.site)
    if not visitor.opens_identities:
        text = "Hanya akun dengan peran kustodian yang boleh membuka identitas."
        return visitor.message(HTTPStatus.FORBIDDEN, "Tidak diizinkan", text)
    if problem := await _objection(visitor, row, posted):
        return await detail_page(visitor, row, problem=problem, status=HTTPStatus.CONFLICT)
    if problem := await _password_wrong(request, visitor, posted):
        return await detail_page(visitor, row, problem=problem, status=HTTPStatus.FORBIDDEN)
    try:
        private = await asyncio.to_thread(_open, visitor, row, posted["alasan"])
    except LedgerConflict as conflict:
        problem = f"Identitas tidak dibuka: {conflict}"
        return await detail_page(visitor, row, problem=problem, status=HTTPStatus.CONFLICT)
    except CannotOpen:
        problem = "Tidak ada kunci yang membuka bagian tersegel ini. Percobaan Anda tercatat."
        return await detail_page(visitor, row, problem=problem, status=HTTPStatus.CONFLICT)
    log.info("identity.opened", extra={"complaint_id": str(row.complaint_id)})
    return _shown(visitor, row, private)


def _shown(visitor: Visitor, row: LedgerRow, private: PrivatePart) -> web.Response:
    fields = [(label, getattr(private, name)) for label, name in _FIELDS]
    context = {"here": "daftar", "row": row, "fields": [pair for pair in fields if pair[1]]}
    response = visitor.page("identity.html", context)
    # Leaves the screen by itself, for a page without a name: nobody need remember to close it.
    back = f"{visitor.site.view.prefix}/aduan/{row.complaint_id}"
    response.headers["Refresh"] = f"{int(_SHOWN_FOR.total_seconds())}; url={back}"
    return response


def _open(visitor: Visitor, row: LedgerRow, reason: str) -> PrivatePart:
    site = visitor.site
    return open_identity(
        site.ledger, site.open_keys(), row, visitor.session.user, reason, site.now()
    )


async def _objection(visitor: Visitor, row: LedgerRow, posted: Posted) -> str:
    if not posted.get("alasan", "").strip():
        return "Alasan wajib diisi untuk membuka identitas."
    history = await asyncio.to_thread(visitor.site.ledger.queries.history, row.complaint_id)
    if posted.get("riwayat") != str(history[-1].seq):
        # A reload of the page that showed it, or something happened in between.
        return (
            "Identitas tidak dibuka lagi: halaman ini sudah pernah dipakai, atau riwayat aduan "
            "berubah. Isi alasan lagi bila masih perlu."
        )
    return ""


async def _password_wrong(request: web.Request, visitor: Visitor, posted: Posted) -> str:
    """A screen left alone opens nothing: whoever sits before it must know the password."""
    guard = visitor.site.guard
    address = guard.client_address(request)
    login, password = visitor.session.user.login, posted.get("sandi", "")
    try:
        _, token = await asyncio.to_thread(guard.people.log_in, login, password, address)
    except LoginRefused as refused:
        if refused.wait_seconds > 0:
            return (
                f"Terlalu banyak percobaan. Coba lagi dalam {-(-refused.wait_seconds // 60)} menit."
            )
        return "Kata sandi salah. Identitas tidak dibuka."
    # Only the proof was wanted, not a second session.
    await asyncio.to_thread(guard.people.log_out, token)
    return ""
