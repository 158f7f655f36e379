"""The one door: kept means durable, and nobody can be seen through it."""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.errors import NotKept, OutcomeUnknown
from normalizer.draft import Draft, Rejection, RejectionReason, Sender, SenderKind
from normalizer.event import Channel, ReporterStatus
from tests.intake_bench import Bench

NAME, NUMBER, NIK = "Sri Rejeki Contoh", "081200009001", "3521145203850009"
TEXT = f"NGAWI Jalan desa Babadan kec. Paron rusak. Nama saya {NAME}, NIK {NIK}, hubungi {NUMBER}"


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "channel": Channel.SMS,
        "account": "1708",
        "raw": f"from={NUMBER}&text=...".encode(),
        "source_id": "m-1",
        "text_raw": TEXT,
        "sender": Sender(kind=SenderKind.PHONE, address=NUMBER, name=NAME),
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


async def test_kept_item_is_in_the_log_and_only_the_key_shows_who(bench: Bench) -> None:
    kept = await bench.intake.accept(draft())
    (stored,) = await bench.stored()
    (event,) = await bench.events()
    assert event.complaint_id == kept.item_id
    assert event.reference == kept.reference
    visible = (
        stored.record.value + (stored.record.key or b"") + repr(stored.record.headers).encode()
    )
    for seeded in (NAME, NUMBER, NUMBER[1:], NIK):
        assert seeded.encode() not in visible
    assert event.sealed is not None
    opened = bench.opener.open(event.sealed)
    assert opened.name == NAME
    assert opened.phone == "+6281200009001"
    assert opened.original_text == TEXT


async def test_the_same_item_twice_is_one_id(bench: Bench) -> None:
    first = await bench.intake.accept(draft())
    again = await bench.intake.accept(draft())
    assert first == again


async def test_the_same_item_at_the_same_time_is_one_id(bench: Bench) -> None:
    kept = await asyncio.gather(*(bench.intake.accept(draft()) for _ in range(20)))
    assert len({item.item_id for item in kept}) == 1


@pytest.mark.parametrize("fault", [NotKept("away"), OutcomeUnknown("slow")])
async def test_not_kept_is_told(bench: Bench, fault: NotKept) -> None:
    bench.log.before = fault
    with pytest.raises(NotKept):
        await bench.intake.accept(draft())
    assert await bench.events() == []


async def test_lost_confirmation_then_repeat_is_one_complaint(bench: Bench) -> None:
    bench.log.after = OutcomeUnknown("confirmation lost")
    with pytest.raises(OutcomeUnknown):
        await bench.intake.accept(draft())
    bench.log.after = None
    await bench.intake.accept(draft())
    assert len({event.complaint_id for event in await bench.events()}) == 1


@pytest.mark.parametrize("raw", [b"\xff\x00\xfe", b"plain", b""])
async def test_unreadable_is_kept_sealed_and_the_same_bytes_are_the_same_item(
    bench: Bench, raw: bytes
) -> None:
    item = Rejection(
        channel=Channel.SMS, account="1708", reason=RejectionReason.UNREADABLE, raw=raw
    )
    first = await bench.intake.accept(item)
    again = await bench.intake.accept(item)
    assert first == again
    assert first.reference is None
    rejected = (await bench.rejected())[0]
    assert (rejected.stage, rejected.reason) == ("intake", "unreadable")
    opened = bench.opener.open(rejected.sealed)
    assert opened.raw_encoding == ("base64" if raw.startswith(b"\xff") else "utf-8")


async def test_an_empty_item_goes_aside(bench: Bench) -> None:
    kept = await bench.intake.accept(draft(text_raw=" \x00 "))
    assert kept.reference is None
    assert [item.reason for item in await bench.rejected()] == ["empty"]
    assert await bench.events() == []


async def test_a_clerk_says_when_the_slip_came(bench: Bench) -> None:
    came = datetime(2026, 3, 1, tzinfo=UTC)
    await bench.intake.accept(
        draft(
            channel=Channel.COMPLAINT_BOX,
            received_at=came,
            sender=Sender(),
            reporter_status=ReporterStatus.WITHHELD,
        )
    )
    (event,) = await bench.events()
    assert event.received_at == came
    assert event.reporter.status is ReporterStatus.WITHHELD
    assert event.reporter.key is None


async def test_twins_without_id_and_time_are_both_kept(bench: Bench) -> None:
    twin = draft(source_id=None)
    kept = await asyncio.gather(*(bench.intake.accept(twin) for _ in range(50)))
    assert len({item.item_id for item in kept}) == 50


async def test_lone_surrogates_in_a_rejected_id(bench: Bench) -> None:
    item = Rejection(
        channel=Channel.SMS,
        account="1708",
        reason=RejectionReason.UNREADABLE,
        raw=b"x",
        source_id="\ud800",
    )
    assert (await bench.intake.accept(item)).reference is None
