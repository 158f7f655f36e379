"""What shows that a complaint may be in LAPOR, when its own row is lost."""

from uuid import UUID

from sqlalchemy import exists, or_, select

from deliver.attachments import AttachmentState
from deliver.database import READS_ONLY, reporting_unavailable
from deliver.ledger import Ledger
from deliver.states import State
from deliver.tables import attachment, bulk_row, lapor_standing, lapor_update, reply, transition
from normalizer.outcome import ReplyKind

#: After one of these states nobody may enter it again without looking.
_OUT = (State.SENDING, State.ENTERED, State.UNKNOWN, State.LINKED)
_FILES_OUT = (AttachmentState.SENDING, AttachmentState.DELIVERED, AttachmentState.UNKNOWN)


class Traces:
    """Reads what other tables know of a complaint. Raises LedgerUnavailable."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine.execution_options(**{READS_ONLY: True})

    def was_sent(self, complaint_id: UUID) -> bool:
        """Whether history, files, answers, bulk files or LAPOR's own words say so."""
        key = str(complaint_id)
        found = or_(
            exists().where(transition.c.complaint_id == key, transition.c.to_state.in_(_OUT)),
            exists().where(attachment.c.complaint_id == key, attachment.c.state.in_(_FILES_OUT)),
            exists().where(reply.c.complaint_id == key, reply.c.kind == ReplyKind.ENTERED),
            exists().where(bulk_row.c.complaint_id == key),
            exists().where(lapor_standing.c.complaint_id == key),
            exists().where(lapor_update.c.complaint_id == key),
        )
        with reporting_unavailable(), self._engine.begin() as connection:
            return bool(connection.scalar(select(found)))
