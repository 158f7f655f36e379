"""Deliver's rate: a whole gateway whose log is filled first and then entered into the sandbox."""

import time
from pathlib import Path

import psutil

from tests.e2e.stack import ask, running_stack
from tests.waiting import wait_for


def entries_per_second(directory: Path, count: int) -> tuple[float, float]:
    """Entries a second over the whole run, and the worker's memory in MB."""
    with running_stack(directory) as stack:
        started = time.perf_counter()
        assert stack.gateway("send-sample", "--count", str(count)).returncode == 0

        def all_in() -> bool:
            metrics = ask(f"{stack.deliver}/metrics").body
            return f'deliver_transitions_total{{state="entered"}} {count}.0' in metrics

        wait_for(all_in, "all entered", seconds=300)
        elapsed = time.perf_counter() - started
        memory = psutil.Process(stack.child("deliver").pid).memory_info().rss / 1e6
    return count / elapsed, memory
