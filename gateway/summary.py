"""``gateway summary``: what the intake topic holds, in numbers. No identities and no texts."""

import re
from collections import Counter

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, TopicSettings
from normalizer.event import ComplaintEvent

_TOKEN = re.compile(r"\[(NIK|KK|TELEPON|EMAIL|NAMA)\]")


async def summarize(config: ConfigFile, out: Console) -> None:
    """Print the counts of distinct complaints.

    Raises:
        GatewayFault: settings or log are not in order.
    """
    topics = config.load(TopicSettings)
    counts: dict[str, Counter[str]] = {
        name: Counter()
        for name in ("kanal", "kelas", "tempat", "kurang", "bahasa", "data pribadi diganti")
    }
    seen: set[int] = set()
    async with opened(make_log(config, (topics.accepted,))) as event_log:
        async for stored in event_log.scan(topics.accepted):
            try:
                event = ComplaintEvent.from_bytes(stored.record.value)
            except ValidationError:
                continue
            if event.complaint_id.int not in seen:
                seen.add(event.complaint_id.int)
                _count(event, counts)
    out.print(f"{len(seen)} aduan berbeda", highlight=False)
    for name, counter in counts.items():
        table = Table(name, "jumlah", "bagian", min_width=40)
        for value, count in counter.most_common():
            table.add_row(value, str(count), f"{count / len(seen):.1%}")
        out.print(table)


def _count(event: ComplaintEvent, counts: dict[str, Counter[str]]) -> None:
    counts["kanal"][event.channel] += 1
    counts["kelas"][event.classification.value] += 1
    counts["tempat"][event.place.precision] += 1
    counts["bahasa"][event.language] += 1
    counts["kurang"].update(event.completeness)
    counts["data pribadi diganti"].update(_TOKEN.findall(event.text))
