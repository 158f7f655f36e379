"""Lists of complaints, page by page."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from deliver.console import words
from deliver.console.home import OPEN
from deliver.console.site import Visitor
from deliver.listing import Cursor, Filter
from deliver.states import State
from normalizer.event import Channel

#: A screenful or two; enough that most lists have one page.
PAGE_ROWS = 50

#: A reference is short; whoever pastes a whole text here looks for something else.
_MAX_QUESTION_CHARS = 60


async def show_list(request: web.Request, visitor: Visitor) -> web.Response:
    """The complaints of a state, a channel, a day, a kecamatan; the waiting ones oldest first."""
    site, query = visitor.site, request.query
    wanted = read_filter(query)
    newest_first = not set(wanted.states) <= set(OPEN) or not wanted.states
    rows = await asyncio.to_thread(
        site.ledger.listing.page,
        wanted,
        PAGE_ROWS + 1,
        read_cursor(query.get("sesudah", "")),
        newest_first=newest_first,
    )
    more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    kept = {
        name: query[name] for name in ("keadaan", "kanal", "hari", "kecamatan") if query.get(name)
    }
    context = {
        "here": "daftar",
        "rows": [(row, words.kecamatan_of(row.event())) for row in rows],
        "now": site.now(),
        "filter": wanted,
        "chosen": kept,
        "kecamatan": words.kecamatan_list(),
        "next_url": _address(kept | {"sesudah": str(Cursor.after(rows[-1]))}) if more else "",
        "first_url": _address(kept) if "sesudah" in query else "",
        "newest_first": newest_first,
    }
    return visitor.page("list.html", context)


async def find_one(request: web.Request, visitor: Visitor) -> web.Response:
    """To the complaint with this number of ours or of LAPOR; else a page that says no."""
    asked = request.query.get("nomor", "").strip().lstrip("#").upper()[:_MAX_QUESTION_CHARS]
    queries = visitor.site.ledger.queries
    found = list(await asyncio.to_thread(queries.find, asked)) if asked else []
    if not found and asked.isdigit():
        by_number = await asyncio.to_thread(queries.by_tracking_id, asked)
        found = [by_number] if by_number else []
    if len(found) == 1:
        return visitor.site.view.redirect(f"/aduan/{found[0].complaint_id}")
    context = {
        "here": "daftar",
        "rows": [(row, words.kecamatan_of(row.event())) for row in found],
        "now": visitor.site.now(),
        "filter": Filter(),
        "chosen": {},
        "kecamatan": words.kecamatan_list(),
        "next_url": "",
        "first_url": _address({}),
        "newest_first": True,
        "notice": "" if found else "Tidak ada aduan dengan nomor itu.",
    }
    return visitor.page("list.html", context, 200 if found else 404)


def read_filter(query: Mapping[str, str]) -> Filter:
    """What a list is asked for; a value that is none is passed over."""
    found = Filter()
    if query.get("keadaan") in set(State):
        found = replace(found, states=(State(query["keadaan"]),))
    elif query.get("keadaan") == "terbuka":
        found = replace(found, states=OPEN)
    if query.get("kanal") in set(Channel):
        found = replace(found, channel=Channel(query["kanal"]))
    if query.get("kecamatan", "") in words.kecamatan_list():
        found = replace(found, kecamatan=query["kecamatan"])
    return replace(found, day=read_day(query.get("hari", "")))


def read_day(text: str) -> date | None:
    """A day as a date field sends it; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_cursor(text: str) -> Cursor | None:
    """The other way of ``str(Cursor)``; None when it is none."""
    micros, _, key = text.partition(".")
    try:
        return Cursor(datetime.fromtimestamp(int(micros) / 1_000_000, UTC), UUID(key))
    except (ValueError, OverflowError, OSError):
        return None


def _address(values: Mapping[str, str]) -> str:
    return f"/daftar?{urlencode(values)}"
