"""How long the events of a call wait for each other, in the real store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.call_center.settings import Account
from gateway.pieces import Pieces
from normalizer.draft import Draft, Piece
from normalizer.event import Awaits, Channel, Exclusion, Relation
from tests.connectors.call_center.accounts import NOW, account, connector, posted, route

CALL = {"call_id": "17.4", "caller": "081200009001"}
STARTED = {**CALL, "event": "started"}
ANSWERED = {**CALL, "event": "answered"}
ENDED = {**CALL, "event": "ended", "duration": 0}
MISSED = {**CALL, "event": "missed"}
RECORDING = {**CALL, "event": "recording", "recording_url": "1.wav"}
VOICEMAIL = {**CALL, "event": "voicemail", "recording_url": "1.wav"}
WORDS = {**CALL, "event": "transcription", "transcription": "Got mampet"}
PBX = account()
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def piece(event: object, of: Account = PBX) -> Piece:
    (item,) = route(of).read(posted(of, event)).items
    assert isinstance(item, Piece)
    return item


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Pieces]:
    one = Pieces(tmp_path / "p.db", b"s" * 32, {Channel.CALL_CENTER: connector(PBX).join})
    await one.open()
    yield one
    await one.close()


@pytest.mark.parametrize(
    ("events", "wait"),
    [
        ([STARTED], 4 * HOUR),
        ([STARTED, ANSWERED], 4 * HOUR),
        ([ENDED], MINUTE),
        ([ENDED, STARTED], MINUTE),
        ([STARTED, ENDED], MINUTE),
        ([ENDED, ANSWERED, STARTED], MINUTE),
        ([MISSED], MINUTE),
        ([RECORDING], 15 * MINUTE),
        ([RECORDING, STARTED], 15 * MINUTE),
        ([RECORDING, ENDED], MINUTE),
        ([VOICEMAIL], MINUTE),
        ([{**VOICEMAIL, "recording_follows": True}], 15 * MINUTE),
        ([{**ENDED, "recording_follows": 1}], 15 * MINUTE),
        ([{**ENDED, "recording_follows": "false"}], MINUTE),
        ([{**VOICEMAIL, "recording_follows": True}, WORDS], MINUTE),
    ],
)
async def test_waiting(store: Pieces, events: list[object], wait: timedelta) -> None:
    for event in events:
        assert await store.add(piece(event), NOW) is None
    assert await store.ripe(NOW + wait - SECOND) == []
    assert len(await store.ripe(NOW + wait)) == 1


async def test_an_account_whose_calls_are_recorded_waits(store: Pieces) -> None:
    of = account(expect_recordings=True, recording_wait_seconds=300)
    await store.add(piece(ENDED, of), NOW)
    assert await store.ripe(NOW + 5 * MINUTE - SECOND) == []
    assert len(await store.ripe(NOW + 5 * MINUTE)) == 1


async def publish(store: Pieces, *events: object) -> Draft:
    for event in events:
        await store.add(piece(event), NOW)
    (ripe,) = await store.ripe(NOW + 5 * HOUR)
    await store.published(ripe.group, NOW + 5 * HOUR)
    return ripe.draft


async def test_a_late_recording_is_a_complaint_that_belongs_to_the_call(store: Pieces) -> None:
    assert (await publish(store, STARTED, ENDED)).awaits is Awaits.CALL_BACK
    late = await store.add(piece(VOICEMAIL), NOW + 6 * HOUR)
    assert late is not None
    assert (late.draft.text_raw, late.draft.exclusion) == ("[rekaman suara]", None)
    assert late.draft.relates_to is not None
    assert late.draft.relates_to.relation is Relation.SUPPLEMENT
    assert late.draft.relates_to.source_id == "17.4"


async def test_late_news_is_a_record_and_rings_nobody_back(store: Pieces) -> None:
    await publish(store, ANSWERED)
    for event in (STARTED, ENDED):
        late = await store.add(piece(event), NOW + 6 * HOUR)
        assert late is not None
        assert late.draft.exclusion is Exclusion.CALL_RECORD
        assert late.draft.awaits is None
        assert late.draft.text_raw


async def test_what_was_told_before_is_no_news(store: Pieces) -> None:
    await publish(store, STARTED, VOICEMAIL, ENDED)
    for event in (STARTED, VOICEMAIL, ENDED):
        assert await store.add(piece(event), NOW + 6 * HOUR) is None
    assert await store.ripe(NOW + 24 * HOUR) == []


async def test_calls_and_accounts_are_not_mixed(store: Pieces) -> None:
    await store.add(piece(STARTED), NOW)
    await store.add(piece({**STARTED, "call_id": "17.5"}), NOW)
    await store.add(piece(STARTED, account(name="uji")), NOW)
    assert sorted(one.draft.source_id or "" for one in await store.ripe(NOW + 4 * HOUR)) == [
        "17.4",
        "17.5",
    ]
