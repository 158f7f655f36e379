"""The two lists that are worked through one by one: entry by hand, and outcomes not known."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from aiohttp import web

from deliver.console import words
from deliver.console.act import ACTIONS
from deliver.console.detail import Whole, read_whole
from deliver.console.lists import read_cursor
from deliver.console.site import Posted, Site, Visitor, asked_row
from deliver.entry import make_entry
from deliver.lapor.mapping import form_sheet
from deliver.listing import Cursor, Filter
from deliver.rows import LedgerRow
from deliver.states import State


async def show_assisted(request: web.Request, visitor: Visitor) -> web.Response:
    """How many wait, what this person has in hand, and the button for the next."""
    site = visitor.site
    counts = await asyncio.to_thread(site.ledger.queries.counts)
    in_hand = await asyncio.to_thread(site.ledger.listing.in_hand, visitor.actor.name)
    context = {
        "here": "entri",
        "waiting": counts[State.RECEIVED],
        "in_hand": [(row, row.event().title) for row in in_hand],
        "now": site.now(),
        "nothing": "kosong" in request.query,
        **await _before(site, request.query),
    }
    return visitor.page("assisted.html", context)


async def take_next(_: web.Request, visitor: Visitor, __: Posted) -> web.StreamResponse:
    """The oldest that waits; who has one in hand already is led back to that."""
    site = visitor.site
    async with site.claiming:
        in_hand = await asyncio.to_thread(site.ledger.listing.in_hand, visitor.actor.name)
        row = in_hand[0] if in_hand else None
        if row is None and site.by_hand:
            row = await asyncio.to_thread(visitor.desk.claim_next)
    return site.view.redirect(f"/entri/{row.complaint_id}" if row else "/entri?kosong=1")


async def show_sheet(request: web.Request, visitor: Visitor) -> web.Response:
    """One complaint in the order of LAPOR's own form, to be copied field by field."""
    row = await asked_row(request, visitor.site)
    whole = await asyncio.to_thread(read_whole, visitor.site.ledger, row)
    if whole.row.state is not State.SENDING or not whole.in_a_persons_hand:
        return visitor.site.view.redirect(f"/aduan/{row.complaint_id}")
    # Without an opener nobody is named: who complained stands on no sheet.
    entry = make_entry(whole.event, None, visitor.site.zone)
    context = {
        "here": "entri",
        "whole": whole,
        "row": whole.row,
        "sheet": form_sheet(entry),
        "done": ACTIONS["selesai"],
        "release": ACTIONS["lepas"],
        "problem": "",
    }
    return visitor.page("sheet.html", context)


async def show_unknown(request: web.Request, visitor: Visitor) -> web.Response:
    """The oldest of which nobody knows whether LAPOR has it, and what to do about it."""
    site = visitor.site
    after = read_cursor(request.query.get("sesudah", ""))
    wanted = Filter(states=(State.UNKNOWN,))
    rows = await asyncio.to_thread(site.ledger.listing.page, wanted, 2, after)
    counts = await asyncio.to_thread(site.ledger.queries.counts)
    whole = await asyncio.to_thread(read_whole, site.ledger, rows[0]) if rows else None
    context = {
        "here": "belum-pasti",
        "count": counts[State.UNKNOWN],
        "whole": whole,
        "place": words.kecamatan_of(whole.event) if whole else "",
        "why": _why_unknown(whole) if whole else "",
        "found": ACTIONS["ditemukan"],
        "resend": ACTIONS["kirim-ulang"],
        "next_url": f"/belum-pasti?sesudah={Cursor.after(rows[0])}" if len(rows) > 1 else "",
        "skipped": after is not None,
        **await _before(site, request.query),
    }
    return visitor.page("unknown.html", context)


def _why_unknown(whole: Whole) -> str:
    moves = [line for line in whole.history if line.before is not line.after]
    return words.REASONS.get(moves[-1].reason, moves[-1].reason)


async def _before(site: Site, query: Mapping[str, str]) -> dict[str, object]:
    """The complaint that was settled just now, and with what."""
    action = ACTIONS.get(query.get("sudah", ""))
    row: LedgerRow | None = None
    if action is not None:
        try:
            row = await asyncio.to_thread(site.ledger.queries.get, UUID(query.get("aduan", "")))
        except ValueError:
            row = None
    return {"done": action if row is not None else None, "done_row": row}
