"""Every case of ``tests/payloads/call_center``: the events of a call, and what comes of it.

Each runs through the real store of pieces: in the order told, in the reverse, and told twice.
"""

import json
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.call_center.recordings import open_address
from connectors.call_center.settings import Account, GenericAccount
from gateway.contract import Item
from gateway.pieces import Pieces
from normalizer.draft import Draft, Piece, Rejection
from normalizer.event import Channel
from tests.connectors.call_center.accounts import NOW, account, connector, posted, route

PAYLOADS = Path(__file__).parents[2] / "payloads" / "call_center"
CASES = sorted(PAYLOADS.glob("*.json"))
A_DAY = timedelta(days=1)


async def joined(directory: Path, of: Account, events: Sequence[object]) -> list[Item]:
    """What the door would publish, in the end."""
    one = connector(of)
    pieces = Pieces(directory / "pieces.db", b"s" * 32, {Channel.CALL_CENTER: one.join})
    await pieces.open()
    found: list[Item] = []
    for event in events:
        told = posted(of, event)
        route(of).verify(told)
        for item in route(of).read(told).items:
            if not isinstance(item, Piece):
                found.append(item)
            else:
                assert await pieces.add(item, NOW) is None
    ripe = await pieces.ripe(NOW + A_DAY)
    await pieces.close()
    return [*found, *(each.draft for each in ripe)]


def summary(item: Item) -> dict[str, object]:
    """What a case says about an item: everything that is not as in an empty draft."""
    if isinstance(item, Rejection):
        return _present(source_id=item.source_id, rejected=item.reason.value)
    assert isinstance(item, Draft)
    assert (item.channel, item.account) == (Channel.CALL_CENTER, "uji")
    return _present(
        sender=item.sender.address,
        name=item.sender.name,
        status=item.reporter_status and item.reporter_status.value,
        submitted_at=item.submitted_at.isoformat() if item.submitted_at else None,
        text=item.text_raw,
        exclusion=item.exclusion and item.exclusion.value,
        awaits=item.awaits and item.awaits.value,
        attachments=[each.media_type for each in item.attachments] or None,
        answer=item.reply_path and item.reply_path.address,
        alone=True if item.source_id is None else None,
    )


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def read_case(file: Path) -> tuple[Account, list[Any], list[Mapping[str, object]]]:
    case = json.loads(file.read_text(encoding="utf-8"))
    return account(case["dialect"], **case["account"]), case["events"], case["expect"]


@pytest.mark.parametrize("order", ["told", "reverse", "shuffled", "twice"])
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
async def test_case(file: Path, order: str, tmp_path: Path) -> None:
    of, events, expected = read_case(file)
    if order == "reverse":
        events = events[::-1]
    elif order == "shuffled":
        random.Random(4).shuffle(events)
    elif order == "twice" and not any(one.get("rejected") or one.get("alone") for one in expected):
        events = [*events, *events]
    found = await joined(tmp_path, of, events)
    assert [summary(item) for item in found] == expected


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_raw_is_kept_and_no_address_is_shown(file: Path) -> None:
    of, events, _ = read_case(file)
    for event in events:
        for item in route(of).read(posted(of, event)).items:
            if isinstance(item, Piece):
                item = item.draft
            assert item.raw
            if isinstance(of, GenericAccount) and isinstance(item, Draft):
                for one in item.attachments:
                    assert one.media_id.startswith("sealed:")
                    assert "081200009001" not in one.media_id
                    address = open_address(of.verify.secret, one.media_id)
                    assert address is not None
                    assert address in item.raw.decode()
