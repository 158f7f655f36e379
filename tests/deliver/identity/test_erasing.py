"""After an erasure the data is nowhere in the ledger or the store, and nothing brings it back."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from deliver.attachments import AttachmentState
from deliver.entry import make_entry
from deliver.identity.erasing import Asked, Erasing, Wish, erase_all
from deliver.identity.files import ErasedFiles, delete_left
from deliver.identity.letter import as_csv, as_letter
from deliver.identity.retention import Retention
from deliver.identity.settings import RetentionSettings
from deliver.identity.stripping import ERASED_TEXT
from deliver.identity.tombstones import Tombstones
from deliver.ledger import Ledger, NotAllowed, Stale
from deliver.rows import LedgerRow, Recorded
from deliver.states import Actor, State, Who
from deliver.tables import metadata
from gateway.blobs import Blobs, BlobsUnavailable, make_blobs
from gateway.sealing import Opener, Sealer
from gateway.settings import ConfigFile
from normalizer.event import Attachment, ComplaintEvent
from normalizer.outcome import MediaOutcome, MediaState
from tests.deliver.conftest import JAKARTA
from tests.deliver.identity.acting import CUSTODIAN
from tests.deliver.making import IDENTITY, NOON, PRIVATE, at, make_event
from tests.deliver.running import WORKER

CLERK = Actor(Who.OPERATOR, "wati")


@pytest.fixture
def erasing(any_ledger: Ledger, opener: Opener) -> Erasing:
    return Erasing(any_ledger, opener)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return make_blobs(ConfigFile(None, {"gateway": {"data_dir": str(tmp_path)}}))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def photo(content: bytes, media_id: str = "part:1") -> Attachment:
    return Attachment(
        media_type="image/jpeg",
        media_id=media_id,
        name="KTP Sulastri Invented.jpg",
        sha256=sha(content),
        copy_sha256=sha(content + b"copy"),
    )


async def store(blobs: Blobs, sealer: Sealer, content: bytes) -> None:
    await blobs.put(f"original/{sha(content)}", sealer.seal_bytes(content).encode())
    copy = content + b"copy"
    await blobs.put(f"copy/{sha(copy)}", sealer.seal_bytes(copy).encode())


def taken(ledger: Ledger, event: ComplaintEvent, offset: int = 0) -> LedgerRow:
    return ledger.record(event, at(offset), NOON, WORKER)[0]


def entered(ledger: Ledger, event: ComplaintEvent, number: str, offset: int = 0) -> LedgerRow:
    row = ledger.claim(taken(ledger, event, offset), CLERK, NOON, None, "assisted")
    assert row is not None
    return ledger.move(row, State.ENTERED, CLERK, "entered_by_hand", NOON, tracking_id=number)


def dumped(ledger: Ledger) -> str:
    with ledger.engine.begin() as connection:
        return "\n".join(
            repr(connection.execute(select(table)).all()) for table in metadata.sorted_tables
        )


def test_an_entered_one_keeps_its_number_and_loses_the_person(
    erasing: Erasing, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    event = make_event(sealer, reporter_key="kunci-1").model_copy(
        update={"reply_to": "way-back", "source_id": "wamid-6281200000042"}
    )
    row = erasing.erase(entered(ledger, event, "9200001"), CUSTODIAN, "permintaan", NOON, Wish())
    assert event.sealed is not None
    everything = dumped(ledger)
    for gone in (event.sealed, "way-back", "wamid-6281200000042", "kunci-1", *IDENTITY):
        assert gone not in everything
    assert (row.state, row.tracking_id, row.event().text) == (State.ENTERED, "9200001", event.text)
    tombstone = Tombstones(ledger).of(row.complaint_id)
    assert tombstone is not None
    assert (tombstone.by, tombstone.reason) == (CUSTODIAN.name, "permintaan")
    last = ledger.queries.history(row.complaint_id)[-1]
    assert (last.reason, last.before, last.after) == (
        "identity_erased", State.ENTERED, State.ENTERED,
    )  # fmt: skip


def test_with_text_goes_what_was_written(erasing: Erasing, sealer: Sealer) -> None:
    event = make_event(sealer, text="Saya anak Pak Lurah Karangrekaan.")
    row = entered(erasing.ledger, event, "9200001")
    # First without the text, then with it: the tombstone of the first stands.
    row = erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())
    row = erasing.erase(row, CUSTODIAN, "permintaan kedua", NOON, Wish(with_text=True))
    left = row.event()
    assert (left.title, left.text, left.place.landmark) == (ERASED_TEXT, ERASED_TEXT, None)
    assert left.place.code == event.place.code
    assert "Karangrekaan" not in dumped(erasing.ledger)
    with pytest.raises(NotAllowed, match="sudah dihapus"):
        erasing.erase(row, CUSTODIAN, "ketiga", NOON, Wish(with_text=True))


def test_the_old_bytes_are_not_in_the_file_either(
    ledger: Ledger, opener: Opener, sealer: Sealer, tmp_path: Path
) -> None:
    event = make_event(sealer)
    assert event.sealed is not None
    row = entered(ledger, event, "9200001")
    assert event.sealed.encode()[-200:] in (tmp_path / "ledger.db").read_bytes()
    Erasing(ledger, opener).erase(row, CUSTODIAN, "permintaan", NOON, Wish())
    kept = (tmp_path / "ledger.db").read_bytes()
    pieces = [event.sealed[start : start + 64] for start in range(0, len(event.sealed), 64)]
    assert not [piece for piece in pieces if piece.encode() in kept]


def test_the_log_brings_nothing_back(erasing: Erasing, sealer: Sealer) -> None:
    ledger, event = erasing.ledger, make_event(sealer, reporter_key="kunci-1")
    erasing.erase(entered(ledger, event, "9200001"), CUSTODIAN, "permintaan", NOON, Wish())
    before = dumped(ledger)
    row, recorded = ledger.record(event, at(0), NOON, WORKER)
    assert recorded is Recorded.REPEAT
    assert row.event().sealed is None
    assert dumped(ledger) == before


def test_not_even_when_its_row_was_lost(ledger: Ledger, opener: Opener, sealer: Sealer) -> None:
    event = make_event(sealer, reporter_key="kunci-1", text="Saya anak Pak Karangrekaan.")
    erasing = Erasing(ledger, opener)
    erasing.erase(entered(ledger, event, "9200001"), CUSTODIAN, "permintaan", NOON, Wish())
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("DROP TRIGGER transition_no_delete")
        connection.exec_driver_sql("DELETE FROM transition")
        connection.exec_driver_sql("DELETE FROM complaint")
    row, recorded = ledger.record(event, at(0), NOON, WORKER)
    assert recorded is Recorded.NEW
    assert (row.event().sealed, row.event().text, row.lane) == (
        None, ERASED_TEXT, str(event.complaint_id),
    )  # fmt: skip
    assert ledger.record(event, at(0), NOON, WORKER)[1] is Recorded.REPEAT


@pytest.mark.parametrize("state", [State.RECEIVED, State.HELD, State.PARKED, State.UNKNOWN])
def test_what_is_not_in_lapor_goes_there_without_a_name_or_stays(
    erasing: Erasing, opener: Opener, sealer: Sealer, state: State
) -> None:
    ledger = erasing.ledger
    row = taken(ledger, make_event(sealer))
    if state in (State.PARKED, State.UNKNOWN):
        claimed = ledger.claim(row, WORKER, NOON, NOON, "v3")
        assert claimed is not None
        row = claimed
    if state is not State.RECEIVED:
        row = ledger.move(row, state, WORKER, "test", NOON)
    with pytest.raises(NotAllowed, match="--enter-anonymously"):
        erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())
    anonymously = Wish(enter_anonymously=True)
    with pytest.raises(NotAllowed, match="isinya masih diperlukan"):
        erasing.erase(row, CUSTODIAN, "permintaan", NOON, replace(anonymously, with_text=True))
    row = erasing.erase(row, CUSTODIAN, "permintaan", NOON, anonymously)
    assert row.state is state
    entry = make_entry(row.event(), opener, JAKARTA)
    assert (entry.reporter, entry.text) == (None, row.event().text)


def test_one_in_hand_is_left_alone_and_a_worker_that_read_it_before_is_too_late(
    erasing: Erasing, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    read_before = taken(ledger, make_event(sealer))
    erasing.erase(read_before, CUSTODIAN, "permintaan", NOON, Wish(enter_anonymously=True))
    with pytest.raises(Stale):
        ledger.claim(read_before, WORKER, NOON, NOON, "v3")
    other = taken(ledger, make_event(sealer), 1)
    claimed = ledger.claim(other, WORKER, NOON, NOON, "v3")
    assert claimed is not None
    with pytest.raises(NotAllowed, match="sedang dikirim"):
        erasing.erase(claimed, CUSTODIAN, "permintaan", NOON, Wish(enter_anonymously=True))
    with pytest.raises(Stale):
        erasing.erase(other, CUSTODIAN, "permintaan", NOON, Wish(enter_anonymously=True))


async def test_files_leave_the_store_unless_another_complaint_has_the_same(
    erasing: Erasing, blobs: Blobs, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    shared, own = b"shared photo", b"own photo"
    await store(blobs, sealer, shared)
    await store(blobs, sealer, own)
    first = entered(
        ledger, make_event(sealer, attachments=(photo(shared), photo(own, "part:2"))), "9200001"
    )
    second = entered(ledger, make_event(sealer, attachments=(photo(shared),)), "9200002", 1)
    erasing.erase(first, CUSTODIAN, "permintaan", NOON, Wish())
    files = ErasedFiles(ledger)
    assert await delete_left(files, blobs) == 4
    assert not await blobs.exists(f"original/{sha(own)}")
    assert not await blobs.exists(f"copy/{sha(own + b'copy')}")
    assert await blobs.exists(f"original/{sha(shared)}")
    assert [row.sha256 for row in ledger.attachments.of(first.complaint_id)] == [None, None]
    assert files.left() == {}
    erasing.erase(second, CUSTODIAN, "permintaan", NOON, Wish())
    await delete_left(files, blobs)
    assert not await blobs.exists(f"original/{sha(shared)}")
    assert not await blobs.exists(f"copy/{sha(shared + b'copy')}")


async def test_a_large_payload_goes_too_with_the_last_complaint_that_is_made_of_it(
    erasing: Erasing, blobs: Blobs, sealer: Sealer
) -> None:
    raw = b"From: a very large mail"
    await blobs.put(f"raw/{sha(raw)}", b"sealed")
    private = PRIVATE.model_copy(update={"raw": sha(raw), "raw_encoding": "blob"})
    files = ErasedFiles(erasing.ledger)
    # One mail to two of our addresses.
    for offset in range(2):
        entered(erasing.ledger, make_event(sealer, private=private), f"920000{offset}", offset)
    for expected in (True, False):
        row = erasing.ledger.queries.by_tracking_id("9200000" if expected else "9200001")
        assert row is not None
        erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())
        await delete_left(files, blobs)
        assert await blobs.exists(f"raw/{sha(raw)}") is expected


async def test_a_store_that_is_away_is_finished_later(
    erasing: Erasing, blobs: Blobs, sealer: Sealer
) -> None:
    await store(blobs, sealer, b"photo")
    row = entered(erasing.ledger, make_event(sealer, attachments=(photo(b"photo"),)), "9200001")
    erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())

    class Away(Blobs):
        async def delete(self, name: str) -> None:
            raise BlobsUnavailable("away")

    away = Away(blobs._store, "away", 1.0)
    retention = Retention(
        erasing.ledger, away, RetentionSettings(), WORKER, lambda: NOON, erasing.opener
    )
    await retention.once()
    assert await blobs.exists(f"original/{sha(b'photo')}")
    await replace(retention, blobs=blobs).once()
    assert not await blobs.exists(f"original/{sha(b'photo')}")


async def test_of_a_waiting_one_the_copies_stay_until_they_were_passed_on(
    erasing: Erasing, blobs: Blobs, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    await store(blobs, sealer, b"photo")
    row = taken(ledger, make_event(sealer, attachments=(photo(b"photo"),)))
    row = erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish(enter_anonymously=True))
    retention = Retention(ledger, blobs, RetentionSettings(), WORKER, lambda: NOON, erasing.opener)
    await retention.once()
    assert not await blobs.exists(f"original/{sha(b'photo')}")
    claimed = ledger.claim(row, CLERK, NOON, None, "assisted")
    assert claimed is not None
    ledger.move(claimed, State.ENTERED, CLERK, "entered_by_hand", NOON, tracking_id="9200001")
    await retention.once()
    assert await blobs.exists(f"copy/{sha(b'photocopy')}")
    (parcel,) = ledger.attachments.due(NOON, 10)
    assert ledger.attachments.claim(parcel, NOON, NOON)
    await retention.once()
    assert await blobs.exists(f"copy/{sha(b'photocopy')}")
    ledger.attachments.settle(parcel, AttachmentState.DELIVERED, None, NOON)
    await retention.once()
    assert not await blobs.exists(f"copy/{sha(b'photocopy')}")


def test_files_underway_are_waited_for_and_late_news_changes_nothing(
    erasing: Erasing, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    coming = Attachment(media_type="image/jpeg", media_id="file-7")
    row = entered(ledger, make_event(sealer, attachments=(coming,)), "9200001")
    with pytest.raises(NotAllowed, match="masih diambil"):
        erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())
    told = MediaOutcome(
        complaint_id=row.complaint_id,
        media_id="file-7",
        state=MediaState.STORED,
        attachment=photo(b"late", "file-7"),
        at=NOON,
    )
    ledger.attachments.apply(told)
    erasing.erase(row, CUSTODIAN, "permintaan", NOON, Wish())
    ledger.attachments.apply(told)
    (file,) = ledger.attachments.of(row.complaint_id)
    assert (file.state, file.sha256, file.reason) == (AttachmentState.EXPIRED, None, "erased")


def test_every_complaint_of_one_reporter_and_nobody_elses(erasing: Erasing, sealer: Sealer) -> None:
    ledger = erasing.ledger
    for offset, key in enumerate(("kunci-1", "kunci-2", "kunci-1", None)):
        entered(ledger, make_event(sealer, reporter_key=key), f"920000{offset}", offset)
    rows = Tombstones(ledger).of_reporter("kunci-1")
    assert [row.tracking_id for row in rows] == ["9200000", "9200002"]
    done = erase_all(erasing, Asked(rows, ()), CUSTODIAN, "permintaan", NOON, Wish())
    assert len(done.going) == 2
    assert Tombstones(ledger).of_reporter("kunci-1") == []
    assert len(Tombstones(ledger).listed()) == 2
    letter = as_letter(done.going, NOON.date())
    assert "9200000" in letter
    assert "9200002" in letter
    assert "9200001" not in letter
    assert as_csv(done.going).count("\n") == 3
    assert not [value for value in (*IDENTITY, "kunci-1") if value in letter]


async def test_retention_erases_what_was_settled_long_enough_ago(
    erasing: Erasing, blobs: Blobs, sealer: Sealer
) -> None:
    ledger = erasing.ledger
    old = entered(ledger, make_event(sealer), "9200001")
    waiting = taken(ledger, make_event(sealer), 1)
    settings = RetentionSettings(identity_days=365)
    clock = [NOON + timedelta(days=364)]
    retention = Retention(ledger, blobs, settings, WORKER, lambda: clock[0], erasing.opener)
    assert await retention.once() == 0
    clock[0] = NOON + timedelta(days=365)
    assert retention.due() == 1
    assert await retention.once() == 1
    assert await retention.once() == 0
    (tombstone,) = Tombstones(ledger).listed()
    assert (tombstone.complaint_id, tombstone.by, tombstone.reason) == (
        old.complaint_id, WORKER.name, "retensi 365 hari",
    )  # fmt: skip
    still = ledger.queries.get(waiting.complaint_id)
    assert still is not None
    assert still.event().sealed is not None


def test_without_days_nothing_is_erased_by_itself(
    ledger: Ledger, blobs: Blobs, opener: Opener, sealer: Sealer
) -> None:
    entered(ledger, make_event(sealer), "9200001")
    later = NOON + timedelta(days=10_000)
    retention = Retention(ledger, blobs, RetentionSettings(), WORKER, lambda: later, opener)
    assert retention.erase_due() == 0
    assert retention.due() == 0
