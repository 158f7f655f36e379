"""``gateway watch``: the intake topic live in the terminal, with no identities and no texts."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.lifecycle import opened
from gateway.log import EventLog, StoredRecord
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, GatewaySettings, TopicSettings
from normalizer.event import ComplaintEvent, EntryReceipt, Missing, PlacePrecision

#: Rows that fit a terminal with its heading.
_ROWS = 30

#: A person does not see a shorter delay.
_LOOK_EVERY_SECONDS = 0.3

#: From this width on the date and what is missing are shown as well.
_WIDE = 110

_CHANNELS: Mapping[str, str] = {
    "complaint_box": "kotak",
    "walk_in": "langsung",
    "letter": "surat",
    "call_center": "telepon",
}
_CLASSES: Mapping[str, str] = {"permintaan_informasi": "informasi", "unclear": "belum jelas"}
_MISSING: Mapping[Missing, str] = {
    Missing.PLACE: "tempat",
    Missing.VILLAGE: "desa",
    Missing.WHAT: "isi",
    Missing.WHEN: "waktu",
    Missing.CONTACT: "kontak",
    Missing.PARTS: "sambungan",
}


class _View:
    """What was seen so far: the newest events, and which of them LAPOR has."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._events: dict[str, ComplaintEvent] = {}
        self._order: deque[str] = deque()
        self._entered: dict[str, str] = {}
        self.received = 0
        self.unreadable = 0

    def add_event(self, stored: StoredRecord) -> None:
        try:
            event = ComplaintEvent.from_bytes(stored.record.value)
        except ValidationError:
            self.unreadable += 1
            return
        key = str(event.complaint_id)
        if key in self._events:
            return
        self.received += 1
        self._events[key] = event
        self._order.appendleft(key)
        if len(self._order) > _ROWS:
            del self._events[self._order.pop()]

    def add_receipt(self, stored: StoredRecord) -> None:
        receipt = EntryReceipt.model_validate_json(stored.record.value)
        self._entered[str(receipt.complaint_id)] = receipt.tracking_id

    def table(self, width: int) -> Table:
        wide = width >= _WIDE
        headings = ["waktu", "nomor", "kanal", "tempat", "kelas", "LAPOR!"]
        if wide:
            headings.insert(5, "kurang")
        table = Table(expand=True, box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in headings:
            # The place alone is cut short on a narrow terminal.
            table.add_column(heading, no_wrap=True, ratio=1 if heading == "tempat" else None)
        for key in self._order:
            event = self._events[key]
            cells: list[str | Text] = [
                _local(event.received_at, self._zone, wide=wide),
                event.reference,
                _CHANNELS.get(event.channel, event.channel),
                _place(event),
                _CLASSES.get(event.classification.value, event.classification.value),
            ]
            if wide:
                cells.append(", ".join(_MISSING[item] for item in event.completeness) or "-")
            table.add_row(*cells, self._state(key))
        return table

    def _state(self, key: str) -> Text:
        tracking_id = self._entered.get(key)
        if tracking_id is None:
            return Text("menunggu", style="yellow")
        return Text(f"#{tracking_id}", style="green")


def _local(moment: datetime, zone: ZoneInfo, *, wide: bool) -> str:
    return moment.astimezone(zone).strftime("%d/%m %H:%M:%S" if wide else "%H:%M:%S")


def _place(event: ComplaintEvent) -> str:
    place = event.place
    known = next((c.name for c in place.candidates if c.code == place.code), place.code)
    if place.precision is PlacePrecision.NONE:
        return "tidak disebut"
    if place.precision is PlacePrecision.REGENCY:
        count = len(place.candidates)
        return f"Kab. Ngawi ({count} kemungkinan)" if count > 1 else "Kab. Ngawi"
    return known or "-"


async def watch_topic(config: ConfigFile, out: Console, *, limit: int | None, once: bool) -> None:
    """Show the intake topic until interrupted (or, with ``once``, as it is now).

    Raises:
        GatewayFault: settings or log are not in order.
    """
    topics = config.load(TopicSettings)
    view = _View(ZoneInfo(config.load(GatewaySettings).time_zone))
    async with opened(make_log(config, (topics.accepted, topics.entered))) as event_log:
        accepted = await _start(event_log, topics.accepted, limit)
        entered: dict[int, int] = {}
        await _look(event_log, topics, view, accepted, entered)
        if once:
            out.print(view.table(out.width))
            return
        with Live(_screen(view, config, out.width), console=out, refresh_per_second=4) as live:
            try:
                while True:
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
                    await _look(event_log, topics, view, accepted, entered)
                    live.update(_screen(view, config, out.width))
            except asyncio.CancelledError:
                return


async def _start(event_log: EventLog, topic: str, limit: int | None) -> dict[int, int]:
    if limit is None:
        return {}
    ends = await event_log.end_offsets(topic)
    return {partition: max(0, end - limit) for partition, end in ends.items()}


async def _look(
    event_log: EventLog,
    topics: TopicSettings,
    view: _View,
    accepted: dict[int, int],
    entered: dict[int, int],
) -> None:
    async for stored in event_log.scan(topics.entered, entered):
        view.add_receipt(stored)
        entered[stored.position.partition] = stored.position.offset + 1
    async for stored in event_log.scan(topics.accepted, accepted):
        view.add_event(stored)
        accepted[stored.position.partition] = stored.position.offset + 1


def _screen(view: _View, config: ConfigFile, width: int) -> Group:
    line = Text(f"{view.received} aduan dilihat · {config.path or 'environment'} · Ctrl-C berhenti")
    return Group(view.table(width), line)
