"""Letting go of aiokafka's clients when the broker does not play along.

Their ``stop()`` waits for answers without end, and a consumer's may raise the ``CancelledError``
of its own tasks as if we had been cancelled. So it runs in a task of its own, under a deadline,
and when that passes the connections are cut, which ends every wait for an answer.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

log = logging.getLogger(__name__)

# Unconfirmed records have been answered with 503 by then; nobody waits for them.
_FLUSH_SECONDS = 5.0
# Leaving a group is one request. A member that did not leave is missed after the session time.
_LEAVE_SECONDS = 5.0
# Cutting connections and cancelling tasks is local work.
_CUT_SECONDS = 2.0
#: The longest that one ending takes.
END_SECONDS = 5.0 + 3 * _CUT_SECONDS


async def end_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and stop. Never raises."""
    stopping = asyncio.create_task(consumer.stop(), name="log-consumer-end")
    await asyncio.wait({stopping}, timeout=_LEAVE_SECONDS)
    if _succeeded(stopping):
        return
    log.warning("log.consumer_abandoned")
    await _within(consumer._client.close(), _CUT_SECONDS)  # noqa: SLF001 - stop() closes it last
    await asyncio.wait({stopping}, timeout=_CUT_SECONDS)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=_CUT_SECONDS)
    _succeeded(stopping)


async def end_producer(producer: AIOKafkaProducer, *, flush: bool) -> None:
    """Deliver what was handed over, if wanted and quick, and stop. Never raises."""
    if flush and await _within(producer.flush(), _FLUSH_SECONDS):
        if await _within(producer.stop(), _CUT_SECONDS):
            return
    elif flush:
        log.warning("log.producer_abandoned")
    # What stop() does, without its wait for records that nobody waits for any more.
    producer._closed = True  # noqa: SLF001 - else its __del__ complains
    await _within(producer.client.close(), _CUT_SECONDS)
    await _within(producer._sender.close(), _CUT_SECONDS)  # noqa: SLF001


async def _within(work: Coroutine[None, None, None], seconds: float) -> bool:
    """Whether it ended well in that time; cancelled when the time has passed."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=seconds)
        return False
    return _succeeded(task)


def _succeeded(task: "asyncio.Task[None]") -> bool:
    """Looks at the exception too, so that asyncio does not report it as never retrieved."""
    with suppress(asyncio.CancelledError, asyncio.InvalidStateError):
        return task.exception() is None
    return False
