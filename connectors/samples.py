"""``gateway send-sample``: invented complaints, sent as a provider or a clerk would send them.

SMS go through the running gateway's real webhook, signed as the account's dialect asks; slips go
through the same door as an imported list. All people and numbers are invented.
"""

import argparse
import asyncio
import base64
import csv
import hashlib
import hmac
import random
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import aiohttp

from connectors.complaint_box.payload import Typed, parse, to_draft
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.sms.settings import (
    Account,
    BasicProof,
    BearerProof,
    GenericAccount,
    HmacProof,
    JasminAccount,
    KannelAccount,
    SmsSettings,
    TwilioAccount,
)
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


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request of a provider."""

    method: str
    url: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def call_for(account: Account, base_url: str, sender: str, text: str) -> Call:
    """The request that the account's provider would make for this SMS."""
    address = f"{base_url}/sms/{account.name}"
    message_id = uuid.uuid4().hex
    match account:
        case KannelAccount():
            # Kannel's get-url with %p, %P, %I, %a and UTF-8.
            query = {"from": sender, "to": account.name, "id": message_id, "text": text}
            if account.token is not None:
                query["token"] = account.token.get_secret_value()
            return Call("GET", f"{address}?{urlencode(query)}", headers=_basic_of(account))
        case JasminAccount():
            query = {}
            if account.token is not None:
                query["token"] = account.token.get_secret_value()
            form = {"id": message_id, "from": sender, "to": account.name, "coding": "8"}
            form["binary"] = text.encode("utf-16-be").hex()
            url = f"{address}?{urlencode(query)}" if query else address
            return _post_form(url, form, _basic_of(account))
        case TwilioAccount():
            form = {"MessageSid": "SM" + message_id, "From": sender, "To": "+1708", "Body": text}
            signed = (address + "".join(name + form[name] for name in sorted(form))).encode()
            key = account.auth_token.get_secret_value().encode()
            digest = base64.b64encode(hmac.digest(key, signed, "sha1")).decode()
            return _post_form(address, form, {"X-Twilio-Signature": digest})
        case GenericAccount():
            return _generic_call(account, address, sender, text, message_id)


def _generic_call(
    account: GenericAccount, address: str, sender: str, text: str, message_id: str
) -> Call:
    names = account.fields
    form = {names.sender: sender, names.text: text, names.source_id: message_id}
    body = urlencode(form).encode()
    match account.verify:
        case BasicProof(username=username, password=password):
            return _post_form(address, form, _basic(username, password.get_secret_value()))
        case BearerProof(token=token):
            return _post_form(
                address, form, {"Authorization": f"Bearer {token.get_secret_value()}"}
            )
        case HmacProof() as proof:
            return _post_form(address, form, _hmac(proof, body))
        case proof:
            query = urlencode({proof.parameter: proof.token.get_secret_value()})
            return _post_form(f"{address}?{query}", form, {})


def _hmac(proof: HmacProof, body: bytes) -> dict[str, str]:
    headers = {}
    if proof.timestamp_header is not None:
        stamp = str(int(time.time()))
        headers[proof.timestamp_header] = stamp
        body = f"{stamp}{proof.separator}".encode() + body
    digest = hmac.digest(
        proof.secret.get_secret_value().encode(), body, getattr(hashlib, proof.algorithm)
    )
    text = digest.hex() if proof.encoding == "hex" else base64.b64encode(digest).decode()
    return {**headers, proof.header: proof.prefix + text}


def _post_form(url: str, form: dict[str, str], headers: dict[str, str]) -> Call:
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", url, urlencode(form).encode(), {**headers, **content_type})


def _basic_of(account: KannelAccount | JasminAccount) -> dict[str, str]:
    if account.username is None or account.password is None:
        return {}
    return _basic(account.username, account.password.get_secret_value())


def _basic(username: str, password: str) -> dict[str, str]:
    return {
        "Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    }


async def send_sms(config: ConfigFile, name: str | None, texts: Sequence[str]) -> int:
    """Send the texts through the account's webhook; returns how many were acknowledged.

    Raises:
        Misconfigured: there is no such account.
        GatewayFault: the gateway does not answer.
    """
    accounts = config.load(SmsSettings).accounts
    account = next((a for a in accounts if name in (None, a.name)), None)
    if account is None:
        raise Misconfigured(
            f"no SMS account {name or ''} in {config.path or 'gateway.toml'}; "
            "add [[sms.accounts]], or name one with --account"
        )
    # A provider's senders: a handful of invented numbers, so that reporters repeat.
    senders = [f"0812000{number:05d}" for number in range(9001, 9001 + max(1, len(texts) // 3))]
    base_url = config.load(WebSettings).public_base_url.rstrip("/")
    width = asyncio.Semaphore(_SIDE_BY_SIDE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:

        async def one(text: str, sender: str) -> bool:
            async with width:
                call = call_for(account, base_url, sender, text)
                async with session.request(
                    call.method, call.url, data=call.body or None, headers=call.headers
                ) as response:
                    return response.status == 200

        try:
            kept = await asyncio.gather(
                *(one(text, senders[index % len(senders)]) for index, text in enumerate(texts))
            )
        except (aiohttp.ClientError, TimeoutError):
            raise GatewayFault(
                f"nothing answers at {base_url}; start it with `gateway up` or `make run`"
            ) from None
    return sum(kept)


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


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="gateway send-sample", description=__doc__)
    parser.add_argument("--config", type=Path, help="gateway.toml to use")
    parser.add_argument("-n", "--count", type=int, default=1, help="how many invented ones")
    parser.add_argument("--account", help="SMS account; default: the first")
    parser.add_argument("--file", type=Path, help="CSV whose texts are sent")
    parser.add_argument("--column", help="its column; default: the one with the longest texts")
    parser.add_argument("--slips", action="store_true", help="box slips instead of SMS")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
        texts = texts_of(arguments.file, arguments.column, arguments.count)
        started = time.perf_counter()
        work = (
            type_slips(config, texts)
            if arguments.slips
            else send_sms(config, arguments.account, texts)
        )
        kept = asyncio.run(work)
    except GatewayFault as fault:
        sys.stderr.write(f"gateway send-sample: {fault}\n")
        return fault.exit_code
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{kept} of {len(texts)} kept in {seconds:.1f} s\n")
    return 0 if kept == len(texts) else 1


if __name__ == "__main__":
    sys.exit(main())
