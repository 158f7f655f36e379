"""Nobody sees who complained without being a custodian, and never without a trace."""

import pytest

from deliver.database import LedgerUnavailable
from deliver.identity.opening import open_identity
from deliver.identity.tombstones import Erased, NothingSealed, Removal, Tombstones
from deliver.ledger import Ledger, NotAllowed
from deliver.rows import LedgerRow
from gateway.auth import Role, User
from gateway.errors import CannotOpen
from gateway.sealing import Opener, Sealer
from tests.deliver.identity.acting import CUSTODIAN, PERSON
from tests.deliver.making import NOON, PRIVATE, at, make_event
from tests.deliver.running import WORKER


def taken(ledger: Ledger, sealer: Sealer | None) -> LedgerRow:
    return ledger.record(make_event(sealer), at(0), NOON, WORKER)[0]


def acts(ledger: Ledger, row: LedgerRow) -> list[tuple[str, str, str | None]]:
    history = ledger.queries.history(row.complaint_id)
    return [(line.reason, line.actor, line.note) for line in history][1:]


def test_a_custodian_sees_it_and_is_seen(
    any_ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    row = taken(any_ledger, sealer)
    private = open_identity(any_ledger, opener, row, PERSON, "diminta 081200000042", NOON)
    assert private == PRIVATE
    # A number in the reason is taken out of it.
    assert acts(any_ledger, row) == [("identity_shown", PERSON.user_id, "diminta [TELEPON]")]


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (User("u-1", "wati", frozenset({Role.OPERATOR, Role.ADMIN, Role.CLERK}), False), "perlu"),
        (User("u-1", "wati", frozenset(Role), disabled=True), "perlu"),
        (PERSON, " "),
        (PERSON, ""),
    ],
)
def test_others_and_those_without_a_reason_see_nothing(
    ledger: Ledger, sealer: Sealer, opener: Opener, person: User, reason: str
) -> None:
    row = taken(ledger, sealer)
    with pytest.raises(NotAllowed):
        open_identity(ledger, opener, row, person, reason, NOON)
    assert acts(ledger, row) == []


def test_what_cannot_be_recorded_is_not_opened(
    ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    row = taken(ledger, sealer)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE transition RENAME TO elsewhere")

    class Watched(Opener):
        def open(self, sealed: str) -> object:  # type: ignore[override]
            raise AssertionError("a key was used")

    with pytest.raises(LedgerUnavailable):
        open_identity(ledger, Watched(opener.keys), row, PERSON, "perlu", NOON)


def test_an_erased_one_stays_closed_though_the_caller_still_has_the_old_row(
    any_ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    row = taken(any_ledger, sealer)
    Tombstones(any_ledger).erase(row, CUSTODIAN, "permintaan", NOON, Removal())
    assert row.event().sealed is not None
    with pytest.raises(Erased, match="permintaan"):
        open_identity(any_ledger, opener, row, PERSON, "perlu", NOON)
    assert [what for what, _, _ in acts(any_ledger, row)] == ["identity_erased"]


def test_without_a_sealed_part_and_without_its_key(
    ledger: Ledger, sealer: Sealer, opener: Opener
) -> None:
    bare = taken(ledger, None)
    with pytest.raises(NothingSealed):
        open_identity(ledger, opener, bare, PERSON, "perlu", NOON)
    row = ledger.record(make_event(sealer), at(1), NOON, WORKER)[0]
    with pytest.raises(CannotOpen):
        open_identity(ledger, Opener({}), row, PERSON, "perlu", NOON)
    assert [what for what, _, _ in acts(ledger, row)] == ["identity_shown", "identity_not_opened"]
