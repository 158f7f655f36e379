"""The replies process, killed at one step: ``python -m ... STEP before|after COUNT``.

Started by ``test_killed.py``. SIGKILL, so that nothing is tidied up.
"""

import asyncio
import functools
import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from connectors.answering.assembly import answer
from connectors.answering.outbox import Outbox
from connectors.sms.reply import SmsReplier
from gateway.lifecycle import run_process
from gateway.log.sqlite import SqliteLog
from gateway.log.sqlite_subscription import SqliteSubscription

STEPS: dict[str, tuple[type, str]] = {
    "record": (Outbox, "record"),
    "receipts": (Outbox, "record_receipts"),
    "commit": (SqliteSubscription, "commit"),
    "route": (Outbox, "route"),
    "begin": (Outbox, "begin"),
    "reply": (SmsReplier, "reply"),
    "finish": (Outbox, "finish"),
    "append": (SqliteLog, "append"),
    "told": (Outbox, "told"),
}


def _mortal(work: Callable[..., Any], moment: str, count: int) -> Callable[..., Any]:
    numbers = itertools.count(1)

    def due(now: str, number: int) -> None:
        if now == moment and number == count:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(work)
    def called(*arguments: Any, **named: Any) -> Any:
        number = next(numbers)
        due("before", number)
        done = work(*arguments, **named)
        due("after", number)
        return done

    @functools.wraps(work)
    async def awaited(*arguments: Any, **named: Any) -> Any:
        number = next(numbers)
        due("before", number)
        done = await work(*arguments, **named)
        due("after", number)
        return done

    return awaited if asyncio.iscoroutinefunction(work) else called


def main() -> int:
    step, moment, count = sys.argv[1:]
    owner, name = STEPS[step]
    setattr(owner, name, _mortal(getattr(owner, name), moment, int(count)))
    return run_process("replies", answer)


if __name__ == "__main__":
    sys.exit(main())
