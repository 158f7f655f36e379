"""One complaint: what it says, where it stands, everything that happened to it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from deliver.attachments import RESENDABLE, AttachmentRow
from deliver.console import words
from deliver.console.act import ACTIONS, Action, possible
from deliver.console.site import Visitor, asked_row, names
from deliver.ledger import Ledger
from deliver.listing import InLapor
from deliver.replies import ReplyRow
from deliver.rows import HistoryRow, LedgerRow
from normalizer.event import ComplaintEvent


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that the ledger has of one complaint."""

    row: LedgerRow
    event: ComplaintEvent
    history: Sequence[HistoryRow]
    files: Sequence[AttachmentRow]
    replies: Sequence[ReplyRow]
    lapor: InLapor | None
    #: What it belongs to, if the ledger has that.
    parent: LedgerRow | None

    @property
    def last_seq(self) -> int:
        """Of the last line of history: a form that names it was made from this state."""
        return self.history[-1].seq

    @property
    def in_a_persons_hand(self) -> bool:
        """Whether somebody has taken it in order to type it in."""
        return self.row.claimed_by is not None and self.row.claim_until is None


async def show_one(request: web.Request, visitor: Visitor) -> web.Response:
    """The page of one complaint; after an action with what came of it."""
    row = await asked_row(request, visitor.site)
    done = ACTIONS.get(request.query.get("sudah", ""))
    return await detail_page(visitor, row, done=done)


async def detail_page(
    visitor: Visitor,
    row: LedgerRow,
    *,
    done: Action | None = None,
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> web.Response:
    """The page, with a sentence on why something was not done."""
    site = visitor.site
    whole = await asyncio.to_thread(read_whole, site.ledger, row)
    resendable = any(file.state in RESENDABLE for file in whole.files)
    context = {
        "here": "daftar",
        "whole": whole,
        "row": whole.row,
        "event": whole.event,
        "place": words.kecamatan_of(whole.event),
        "actions": [
            action
            for action in ACTIONS.values()
            if possible(action, whole.row, by_hand=site.by_hand, resendable=resendable)
        ]
        if visitor.operates
        else [],
        "done": done,
        "problem": problem,
        "now": site.now(),
        "names": await names(site),
    }
    return visitor.page("detail.html", context, status)


def read_whole(ledger: Ledger, row: LedgerRow) -> Whole:
    """Blocks. The row as it is now, not as it was when it was read."""
    key = row.complaint_id
    current = ledger.queries.get(key) or row
    event = current.event()
    parent_id = current.linked_to or event.relates_to
    return Whole(
        row=current,
        event=event,
        history=ledger.queries.history(key),
        files=ledger.attachments.of(key),
        replies=ledger.replies.of(key),
        lapor=ledger.listing.in_lapor(key),
        parent=ledger.queries.get(parent_id) if parent_id is not None else None,
    )
