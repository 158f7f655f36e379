"""Receipts of what is in LAPOR, for those who answer the reporters."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from deliver.ledger import Ledger
from gateway.cloudevents import entered_record
from gateway.errors import NotKept
from gateway.log import EventLog

log = logging.getLogger(__name__)


async def publish_missing(
    event_log: EventLog, topic: str, ledger: Ledger, now: Callable[[], datetime]
) -> None:
    """Publish every receipt that is owed. What cannot be kept now is owed until the next time.

    A receipt may stand in the topic twice; it is compacted by complaint id.
    """
    for receipt in await asyncio.to_thread(ledger.queries.missing_receipts):
        try:
            await event_log.append(topic, entered_record(receipt))
        except NotKept as fault:
            log.warning("receipt.not_kept", extra={"error": type(fault).__name__})
            return
        await asyncio.to_thread(ledger.receipt_published, receipt, now())
