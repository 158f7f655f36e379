"""``make bench``: figures and ratios of this machine, in one run. Nothing here passes or fails.

The floor is the smallest aiohttp handler that parses JSON and awaits the same log's append; what
our intake adds (signature, normalising, sealing) is the ratio to it.
"""

import argparse
import asyncio
import platform
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.channels import asked_channels, called_channels
from tests.bench.entries import entries_per_second
from tests.bench.intake import Result, Rig, running_rig
from tests.bench.load import ACCOUNT, measure
from tests.servers import ServerMissing
from tests.servers.kafka import local_broker, named_kafka

#: Peak is measured with this many callers; enough to fill every group commit.
PEAK_CALLERS = 64


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per measurement")
    parser.add_argument("--entries", type=int, default=400, help="complaints for deliver")
    parser.add_argument("--items", type=int, default=1000, help="for each channel")
    parser.add_argument("--no-kafka", action="store_true")
    arguments = parser.parse_args()
    out = Console(width=130)
    out.print(f"{platform.machine()}, Python {platform.python_version()}", highlight=False)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        logs = {"SQLite (fsync)": ""}
        if not arguments.no_kafka:
            try:
                logs["Kafka (acks=all)"] = (
                    named_kafka() or stack.enter_context(local_broker()).bootstrap_servers
                )
            except ServerMissing as missing:
                out.print(f"no Kafka: {missing}", highlight=False)
        table = Table(
            "log", "what", "processes", "SMS/s", "of floor", "p50 ms", "p99 ms",
            "p99 at half", "idle MB", "after MB",
        )  # fmt: skip
        floor_rates: list[float] = []
        for number, (name, bootstrap) in enumerate(logs.items()):
            for processes in (1, 2):
                where = Path(directory) / f"{number}-{processes}"
                rate = _compare(table, name, processes, where, bootstrap, arguments.seconds)
                floor_rates.append(rate)
        out.print(table)
        _channels(out, Path(directory), floor_rates[0], arguments.items)
        rate, memory = entries_per_second(Path(directory) / "deliver", arguments.entries)
        out.print(
            f"deliver: {rate:.0f} entries/s into the sandbox "
            f"({arguments.entries} complaints), {memory:.0f} MB",
            highlight=False,
        )


def _compare(
    table: Table, log: str, processes: int, where: Path, bootstrap: str, seconds: float
) -> float:
    """Two rows; the floor's rate."""
    floor = _measured("floor", processes, where / "floor", bootstrap, seconds)
    intake = _measured("intake", processes, where / "intake", bootstrap, seconds)
    for what, result in (("floor", floor), ("intake", intake)):
        table.add_row(
            log,
            what,
            str(processes),
            f"{result.peak.per_second:,.0f}",
            f"{result.peak.per_second / floor.peak.per_second:.2f}",
            f"{result.peak.p50_ms:.1f}",
            f"{result.peak.p99_ms:.1f}",
            f"{result.half.p99_ms:.1f}",
            f"{result.idle_mb:.0f}",
            f"{result.after_mb:.0f}",
        )

    return floor.peak.per_second


def _channels(out: Console, directory: Path, floor: float, items: int) -> None:
    """Items a second through each connector into the embedded log, one process."""
    table = Table("channel", "items", "items/s", "of floor")
    results = list(called_channels(directory / "called", items))
    results += asked_channels(directory / "asked", items)
    for one in results:
        rate = f"{one.per_second:,.0f}"
        table.add_row(one.what, str(one.items), rate, f"{one.per_second / floor:.3f}")
    out.print(table)


def _measured(what: str, processes: int, where: Path, bootstrap: str, seconds: float) -> Result:
    with running_rig(what, processes, where, bootstrap) as rig:
        return asyncio.run(_load(rig, seconds))


async def _load(rig: Rig, seconds: float) -> Result:
    idle = rig.memory_mb()
    await measure(rig.url, ACCOUNT, callers=8, seconds=min(1.0, seconds))
    peak = await measure(rig.url, ACCOUNT, callers=PEAK_CALLERS, seconds=seconds)
    half = await measure(
        rig.url, ACCOUNT, callers=PEAK_CALLERS, seconds=seconds, rate=peak.per_second / 2
    )
    return Result(peak, half, idle, rig.memory_mb())


if __name__ == "__main__":
    main()
