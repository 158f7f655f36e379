"""``make samples DIR=…``: every wire sample through its connector, and what came out of it."""

import argparse
import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.samples.cases import read_cases
from tests.samples.replay import Outcome, Workshop, shortened
from tests.samples.verdict import differences


def main() -> int:
    """Run every case; 1 when something differs from what a case expects."""
    parser = argparse.ArgumentParser(prog="make samples DIR=...", description=__doc__)
    parser.add_argument("directory", type=Path, help="a folder for each platform, see cases.py")
    arguments = parser.parse_args()
    table = Table("case", "kind", "answer", "came out", "differs")
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="samples-") as place:
        workshop = Workshop(Path(place))
        for case in read_cases(arguments.directory):
            outcome = asyncio.run(workshop.run(case))
            found = differences(case, outcome)
            counts["differ" if found else "as expected"] += 1
            table.add_row(
                f"{case.platform}/{case.name[:52]}",
                case.kind,
                " ".join(map(str, outcome.statuses)) or "-",
                _summary(outcome),
                "; ".join(found),
            )
    out = Console(width=200, highlight=False)
    out.print(table)
    out.print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return 1 if counts["differ"] else 0


def _summary(outcome: Outcome) -> str:
    if outcome.signature_held is not None:
        return f"signature {'holds' if outcome.signature_held else 'refused'}"
    parts = []
    for one in outcome.events:
        event = one.event
        marks = [str(value) for value in (event.exclusion, event.relation, event.awaits) if value]
        marks += [f"{len(event.attachments)} files"] if event.attachments else []
        marks += ["coordinates"] if event.place.latitude is not None else []
        marks += ["incomplete"] if "parts" in map(str, event.completeness) else []
        parts.append(f"{event.channel}: {shortened([event.text], 44)!r} {' '.join(marks)}".strip())
    parts += [f"aside: {one.reason}" for one in outcome.rejected]
    return "\n".join(parts) or "nothing to keep"


if __name__ == "__main__":
    raise SystemExit(main())
