"""Opening an identity is an act: a custodian's, with a reason, on record before it is shown.

The only way to a reporter for people, from the commands and from the console alike. What the
worker opens to enter a complaint (``deliver/entry.py``) nobody sees.
"""

from datetime import datetime

from deliver.desk import clean_note
from deliver.identity.tombstones import Tombstones
from deliver.ledger import Ledger, NotAllowed
from deliver.rows import LedgerRow
from deliver.states import Actor, Who
from gateway.auth import Role, User
from gateway.errors import CannotOpen
from gateway.sealing import Opener
from normalizer.event import PrivatePart

#: Words in the history.
SHOWN = "identity_shown"
NOT_OPENED = "identity_not_opened"


def open_identity(
    ledger: Ledger, opener: Opener, row: LedgerRow, by: User, reason: str, now: datetime
) -> PrivatePart:
    """Who complained, and what they really wrote. Blocks: a transaction and an RSA operation.

    ``by`` is a person who has just proved who they are (a live session, or a password), since the
    role is taken from there. The history gets ``identity_shown`` with the person's id, the time
    and the reason, in one transaction with the look at the tombstone and before any key is used:
    what cannot be recorded is not opened. UU 27/2022 Pasal 31, 36, 39.

    Raises:
        NotAllowed: ``by`` is no custodian, or no reason is given; nothing was recorded.
        Erased: only the tombstone is left; nothing was recorded.
        NothingSealed: it came without a sealed part; nothing was recorded.
        CannotOpen: recorded, but no key at hand opens it; that is recorded too.
        LedgerUnavailable: it could not be recorded, and is not opened.
    """
    actor = custodian(by)
    words = clean_note(reason)
    if not words:
        raise NotAllowed("alasan wajib diisi untuk melihat identitas")
    sealed = Tombstones(ledger).record_opening(row.complaint_id, actor, SHOWN, now, words)
    try:
        return opener.open(sealed)
    except CannotOpen:
        ledger.note(row.complaint_id, actor, NOT_OPENED, now)
        raise


def custodian(person: User) -> Actor:
    """The person as history names a custodian: by the id of the account, never by the login.

    Raises:
        NotAllowed: the account lacks the role, or is disabled.
    """
    if person.disabled or Role.CUSTODIAN not in person.roles:
        raise NotAllowed(
            f"hanya {Role.CUSTODIAN} (pemegang identitas) yang boleh; admin memberi peran itu "
            "dengan `gateway users add NAMA --role custodian`"
        )
    return Actor(Who.OPERATOR, person.user_id)
