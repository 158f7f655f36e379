"""``kill -9`` of any child under load: what was acknowledged is entered once, or stands as unknown.

The checker accounts for every item as Jepsen does: *ok* (acknowledged), *info* (we never learned).
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, running_stack
from tests.waiting import wait_for

_KILLS = 6
_SENDERS = 4
_PACE_SECONDS = 0.1


class Load:
    """Providers that repeat what was not acknowledged, under the same id, until told to stop."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.acknowledged: set[str] = set()
        self.unanswered: set[str] = set()
        self._threads = [
            threading.Thread(target=self._send, args=(number,)) for number in range(_SENDERS)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def count(self) -> int:
        return len(self.acknowledged)

    def _send(self, sender: int) -> None:
        number = 0
        # Paced, so that what piles up while deliver is down can be entered in the test's time.
        while not self._stop.wait(_PACE_SECONDS):
            number += 1
            source_id = f"kill-{sender}-{number}"
            with self._lock:
                self.unanswered.add(source_id)
            while not self._stop.is_set():
                text = f"NGAWI Jalan rusak di Kendal, lubang {_word(number)} {_word(sender)}"
                if self._stack.sms(text, f"08120000{sender:04d}", source_id).status == 200:
                    with self._lock:
                        self.unanswered.discard(source_id)
                        self.acknowledged.add(source_id)
                    break


def _word(number: int) -> str:
    """Digits would be read as a telephone number sooner or later."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path / "stack") as running:
        yield running


@pytest.mark.parametrize("victim", ["connectors", "deliver", "both"])
def test_acknowledged_is_entered_once_or_unknown(stack: Stack, victim: str) -> None:
    choice = random.Random(victim)
    # Entries take a moment, so that kills fall into the middle of some.
    stack.switch(delay_seconds=0.02)
    with Load(stack) as load:
        for _ in range(_KILLS):
            before = load.count
            wait_for(lambda before=before: load.count > before + 10, "load")  # type: ignore[misc]
            name = choice.choice(["connectors", "deliver"]) if victim == "both" else victim
            stack.child(name).kill()
            wait_for(stack.ready, "the killed child's return")
    stack.switch()

    def settled() -> dict[str, str]:
        states = stack.ledger_states()
        busy = {"received", "sending", "held"} & set(states.values())
        return {} if busy or len(states) < load.count else states

    states = wait_for(settled, "everything settled", seconds=120)
    # ok: all of them; info: each at most once.
    assert load.count <= len(states) <= load.count + len(load.unanswered)
    in_lapor = Counter(
        str(complaint["fields"]["content"])[1:].split("]")[0] for complaint in stack.in_lapor()
    )
    for reference, state in states.items():
        assert state in ("entered", "unknown")
        if state == "entered":
            assert in_lapor[reference] == 1
        else:
            assert in_lapor[reference] <= 1
    assert set(in_lapor) <= set(states)
    assert stack.gateway("reconcile").returncode == 0
