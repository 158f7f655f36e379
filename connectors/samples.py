"""``gateway send-sample``: invented complaints, sent as a provider or a clerk would send them.

Webhooks are called as the provider would call them, signed as it signs; mails are put into the
mailbox; slips go through the same door as an imported list. All people and numbers are invented.
"""

import argparse
import asyncio
import csv
import random
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from connectors.complaint_box.payload import Typed, parse, to_draft
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.mail.sample import send_sample as put_mails
from connectors.registry import SAMPLES, sample_calls
from gateway.contract import Call
from gateway.errors import GatewayFault, Misconfigured
from gateway.intake import open_door
from gateway.settings import ConfigFile, GatewaySettings, WebSettings, read_config
from normalizer.event import Channel

_TEXTS = (
    "NGAWI Jalan desa Babadan kec. Paron berlubang sejak Senin, mohon diperbaiki",
    "KAB. NGAWI lampu jalan depan pasar Walikukun mati sudah dua minggu",
    "NGAWI#NGRAMBE#SETONO#saluran irigasi tersumbat sampah, sawah kering",
    "Kapan jadwal perekaman KTP keliling di Kecamatan Kendal?",
    "NGAWI usul tempat sampah di alun-alun ditambah supaya bersih",
    "Bansos di dusun kami belum cair, nama saya Sri Rejeki Contoh, hp 0812 0000 9001",
    "LAPOR NGAWI dalane rusak parah nang Desa Kauman kec Sine, tulung didandani 🙏",
    "Puskesmas antre dari subuh tapi dokternya datang siang, Desa Tempuran Kec. Paron",
)

#: Enough to load the intake, not to become a load test of somebody's line.
_SIDE_BY_SIDE = 32
_SENDER = "0812000{:05d}"


async def send_web(
    config: ConfigFile, channel: str, account: str | None, texts: Sequence[str]
) -> int:
    """Send the texts as the channel's provider would; returns how many were acknowledged.

    Raises:
        Misconfigured: the channel has no such account.
        GatewayFault: the gateway does not answer.
    """
    if _path_of(sample_calls(channel, config, _SENDER.format(9001), "tes"), account) is None:
        raise Misconfigured(
            f"no {channel} account {account or ''} that takes web requests in "
            f"{config.path or 'gateway.toml'}; add [[{channel}.accounts]] (gateway.toml.example)"
        )
    # A handful of invented senders, so that reporters repeat.
    senders = [_SENDER.format(number) for number in range(9001, 9001 + max(1, len(texts) // 3))]
    width = asyncio.Semaphore(_SIDE_BY_SIDE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:

        async def one(text: str, sender: str) -> bool:
            async with width:
                calls = sample_calls(channel, config, sender, text)
                call = calls[_path_of(calls, account) or ""]
                async with session.request(
                    call.method, call.url, data=call.body or None, headers=call.headers
                ) as response:
                    return response.status == 200

        try:
            kept = await asyncio.gather(
                *(one(text, senders[index % len(senders)]) for index, text in enumerate(texts))
            )
        except (aiohttp.ClientError, TimeoutError):
            base_url = config.load(WebSettings).public_base_url
            raise GatewayFault(
                f"nothing answers at {base_url}; start it with `gateway up` or `make run`"
            ) from None
    return sum(kept)


def _path_of(calls: Mapping[str, Call], account: str | None) -> str | None:
    """The path of that account, or of the first one."""
    return next((path for path in calls if account in (None, path.rpartition("/")[2])), None)


async def type_slips(config: ConfigFile, texts: Sequence[str]) -> int:
    """Put invented box slips through the door; returns how many were kept.

    Raises:
        GatewayFault: settings, keys or log are not in order.
    """
    settings = config.load(ComplaintBoxSettings)
    zone = ZoneInfo(config.load(GatewaySettings).time_zone)
    account = settings.boxes[0].id if settings.boxes else settings.office
    async with open_door(config) as door:
        for text in texts:
            now = datetime.now(UTC)
            fields = {"source": Channel.COMPLAINT_BOX, "text": text, "reporter": "withheld"}
            slip = parse(fields, now.astimezone(zone).date())
            typed = Typed(
                source_id=f"contoh-{uuid.uuid4().hex}",
                account=account,
                raw=text.encode(),
                captured_at=now,
                time_zone=zone,
                batch="contoh",
            )
            await door.accept(to_draft(slip, typed))
    return len(texts)


def texts_of(file: Path | None, column: str | None, count: int) -> list[str]:
    """The texts to send: of a CSV's column, or invented ones.

    Raises:
        Misconfigured: the file cannot be read or has no such column.
    """
    if file is None:
        return [random.choice(_TEXTS) for _ in range(count)]  # noqa: S311 - samples, not secrets
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{file}: cannot be read as CSV ({type(error).__name__})") from None
    if not rows:
        raise Misconfigured(f"{file}: has no rows below its heading")
    longest = max(rows[0], key=lambda name: sum(len(row[name] or "") for row in rows))
    chosen = column or longest
    if chosen not in rows[0]:
        raise Misconfigured(f"{file}: no column {chosen}; it has {', '.join(rows[0])}")
    return list(_present(rows, chosen))


def _present(rows: Sequence[dict[str, str]], column: str) -> Iterator[str]:
    return (row[column] for row in rows if (row[column] or "").strip())


async def _send(config: ConfigFile, chosen: argparse.Namespace, texts: Sequence[str]) -> int:
    if chosen.slips:
        return await type_slips(config, texts)
    if chosen.channel == "mail":
        return await put_mails(config, chosen.account, texts)
    return await send_web(config, chosen.channel, chosen.account, texts)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="gateway send-sample", description=__doc__)
    parser.add_argument("--config", type=Path, help="gateway.toml to use")
    parser.add_argument("-n", "--count", type=int, default=1, help="how many invented ones")
    kinds = (*SAMPLES, "mail")
    parser.add_argument("--channel", choices=kinds, default="sms", help="default: sms")
    parser.add_argument("--account", help="of the channel; default: the first")
    parser.add_argument("--file", type=Path, help="CSV whose texts are sent")
    parser.add_argument("--column", help="its column; default: the one with the longest texts")
    parser.add_argument("--slips", action="store_true", help="box slips instead")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
        texts = texts_of(arguments.file, arguments.column, arguments.count)
        started = time.perf_counter()
        kept = asyncio.run(_send(config, arguments, texts))
    except GatewayFault as fault:
        sys.stderr.write(f"gateway send-sample: {fault}\n")
        return fault.exit_code
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{kept} of {len(texts)} kept in {seconds:.1f} s\n")
    return 0 if kept == len(texts) else 1


if __name__ == "__main__":
    sys.exit(main())
