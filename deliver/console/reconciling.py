"""The equation of any period, with everything that is missing by name, and the closed days."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version

from aiohttp import web

from deliver.console.lists import read_day
from deliver.console.site import Visitor
from deliver.proof.closings import Closings
from deliver.proof.minutes import Minutes, minutes_pdf
from deliver.proof.period import Period
from deliver.proof.shown import proof_csv
from deliver.reconcile import COLUMNS
from gateway.site_guard import PAGE_HEADERS
from normalizer.event import Channel

#: A month and a little; older ones stand in the minutes.
CLOSED_DAYS = 40


async def show_reconciliation(request: web.Request, visitor: Visitor) -> web.Response:
    """The form, and below it the table when a period was asked for."""
    query = request.query
    period = _period(query, visitor)
    reversed_days = (
        period.first is not None and period.last is not None and period.first > period.last
    )
    proof = None
    if "hitung" in query and not reversed_days:
        proof = await visitor.site.equation.count(period)
    closed = await asyncio.to_thread(visitor.site.ledger.listing.closed_days, CLOSED_DAYS)
    context = {
        "here": "rekonsiliasi",
        "closed": closed,
        "period": period,
        "proof": proof,
        "columns": COLUMNS,
        "total": proof.report.total() if proof else None,
        "csv_query": request.rel_url.raw_query_string,
        "counted_at": visitor.site.now(),
        "problem": "Hari pertama harus sebelum hari terakhir." if reversed_days else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if reversed_days else HTTPStatus.OK
    return visitor.page("reconciliation.html", context, status)


async def download_csv(request: web.Request, visitor: Visitor) -> web.Response:
    """The same table for a spreadsheet."""
    period = _period(request.query, visitor)
    proof = await visitor.site.equation.count(period)
    first, last = (day.isoformat() if day else "semua" for day in (period.first, period.last))
    headers = dict(PAGE_HEADERS) | {
        "Content-Disposition": f'attachment; filename="rekonsiliasi-{first}-{last}.csv"'
    }
    # It begins with the mark by which Excel knows UTF-8.
    return web.Response(text="\ufeff" + proof_csv(proof), content_type="text/csv", headers=headers)


async def download_minutes(request: web.Request, visitor: Visitor) -> web.Response:
    """The minutes of a closed day, to be printed and signed."""
    site = visitor.site
    day = read_day(request.match_info["day"])
    closings = Closings(site.ledger.engine)
    closed = await asyncio.to_thread(closings.of, day) if day is not None else None
    if closed is None:
        raise web.HTTPNotFound
    minutes = Minutes(closed, site.proof, site.zone, version("pintu-aduan"), site.now())
    headers = dict(PAGE_HEADERS) | {
        "Content-Disposition": f'attachment; filename="berita-acara-{closed.day}.pdf"'
    }
    content = await asyncio.to_thread(minutes_pdf, minutes)
    return web.Response(body=content, content_type="application/pdf", headers=headers)


def _period(query: Mapping[str, str], visitor: Visitor) -> Period:
    """As asked for; without a question, today."""
    channel = Channel(query["kanal"]) if query.get("kanal") in set(Channel) else None
    if "hitung" not in query:
        today = visitor.site.equation.today
        return Period(today, today)
    return Period(read_day(query.get("dari", "")), read_day(query.get("sampai", "")), channel)
