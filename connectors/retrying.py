"""Reads a rejected item again: ``python -m connectors.retrying``, started by deliver.

Deliver can open what the intake sealed and knows no channel; this knows the channels and opens
nothing. One order comes in on standard input (JSON: channel, account, media type, time, the bytes
in base64), one answer goes out on standard output: ``{"kept": [ids of the events]}``. What is
rejected again is not put on the log again.
"""

import asyncio
import base64
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from multidict import CIMultiDict

from connectors.mail.payload import read_mail
from connectors.mail.settings import MailAccount, MailSettings
from connectors.registry import build_all, joiners
from connectors.telegram.payload import Reader
from connectors.telegram.settings import TelegramSettings
from gateway.attachments import make_contents
from gateway.contract import Connector, Item, Route, WebConnector, WebRequest
from gateway.errors import GatewayFault
from gateway.intake import make_intake
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.log_setup import set_up_logging
from gateway.pieces import make_pieces
from gateway.settings import ConfigFile, NormalizerSettings, TopicSettings, read_config
from normalizer.draft import Draft, Piece, Rejection
from normalizer.event import Channel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """An item as it came."""

    channel: Channel
    account: str
    media_type: str
    #: When it reached us first.
    received_at: datetime
    raw: bytes = field(repr=False)

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """Raises ValueError, KeyError."""
        said = json.loads(text)
        return cls(
            Channel(said["channel"]),
            said["account"],
            said["media_type"],
            datetime.fromisoformat(said["received_at"]),
            base64.b64decode(said["raw"]),
        )


def read_order(order: Order, config: ConfigFile, connectors: Sequence[Connector]) -> Sequence[Item]:
    """What the channel makes of the bytes; empty when it still makes nothing of them.

    Raises:
        Misconfigured: a channel's settings are wrong.
    """
    readers = [*_routes(order, connectors), *_POLLED.get(order.channel, _nobody)(order, config)]
    for read in readers:
        try:
            items = read()
        except Exception as error:
            # The same fault again, or bytes for another of the account's addresses.
            log.exception(
                "rejected.read_failed",
                extra={"channel": order.channel, "error": type(error).__name__},
            )
            continue
        found = [item for item in items if not isinstance(item, Rejection)]
        if found:
            return found
    return ()


async def run(config: ConfigFile, order: Order) -> Sequence[str]:
    """Read it, and put it through the door; the ids of what was kept.

    Raises:
        GatewayFault: it is not, or not certainly, kept.
    """
    topics = config.load(TopicSettings)
    connectors = build_all(config)
    items = read_order(order, config, connectors)
    event_log = make_log(config, (topics.accepted, topics.rejected))
    pieces = make_pieces(config, joiners(connectors))
    kept: list[str] = []
    async with opened(event_log):
        await pieces.open()
        try:
            intake = make_intake(config, event_log, pieces, make_contents(config))
            for item in items:
                receipt = await intake.accept(_as_of(item, order.received_at))
                # Else the normalizer rejected it: it stands in the rejected topic as before.
                if isinstance(item, Piece) or receipt.reference is not None:
                    kept.append(str(receipt.item_id))
        finally:
            await pieces.close()
    return kept


Read = Callable[[], Sequence[Item]]


def _routes(order: Order, connectors: Sequence[Connector]) -> Sequence[Read]:
    headers = CIMultiDict({"Content-Type": order.media_type})
    found: list[Read] = []
    for connector in connectors:
        if not isinstance(connector, WebConnector):
            continue
        for route in connector.routes():
            if (route.channel, route.account) != (order.channel, order.account):
                continue
            # Of a GET the query was kept in place of a body.
            in_query = route.method == "GET"
            request = WebRequest(
                route.method,
                route.path,
                order.raw.decode("ascii", "replace") if in_query else "",
                headers,
                b"" if in_query else order.raw,
            )
            found.append(partial(_answered, route, request))
    return found


def _answered(route: Route, request: WebRequest) -> Sequence[Item]:
    return route.read(request).items


def _telegram(order: Order, config: ConfigFile) -> Sequence[Read]:
    prefix = config.load(NormalizerSettings).reference_prefix
    return [
        partial(_update, Reader(account, prefix), order.raw)
        for account in config.load(TelegramSettings).accounts
        if account.name == order.account
    ]


def _update(reader: Reader, raw: bytes) -> Sequence[Item]:
    item = reader.parse(raw).item
    return () if item is None else (item,)


def _mail(order: Order, config: ConfigFile) -> Sequence[Read]:
    return [
        partial(_one_mail, account, order.raw)
        for account in config.load(MailSettings).accounts
        if account.event_account == order.account
    ]


def _one_mail(account: MailAccount, raw: bytes) -> Sequence[Item]:
    return (read_mail(account, raw).item,)


def _nobody(_: Order, __: ConfigFile) -> Sequence[Read]:
    return ()


#: Channels that are asked instead of calling us: their items have no route.
_POLLED: Mapping[Channel, Callable[[Order, ConfigFile], Sequence[Read]]] = {
    Channel.TELEGRAM: _telegram,
    Channel.EMAIL: _mail,
}


def _as_of(item: Item, received_at: datetime) -> Item:
    """It reached us when it was rejected, not today."""
    if isinstance(item, Piece):
        return replace(item, draft=_dated(item.draft, received_at))
    return item if isinstance(item, Rejection) else _dated(item, received_at)


def _dated(draft: Draft, received_at: datetime) -> Draft:
    return draft if draft.received_at else replace(draft, received_at=received_at)


def main() -> int:
    """One order, one answer."""
    set_up_logging("retrying")
    try:
        order = Order.from_json(sys.stdin.read())
        kept = asyncio.run(run(read_config(), order))
    except GatewayFault as fault:
        sys.stderr.write(f"gateway: {fault}\n")
        return fault.exit_code
    sys.stdout.write(json.dumps({"kept": list(kept)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
