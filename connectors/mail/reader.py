"""The bytes of a mail as an item, with what this mailbox already knows of other mails."""

import logging
from dataclasses import replace

from connectors.mail.message import header_block
from connectors.mail.payload import Reading, read_header, read_mail, rejection, supplement_to
from connectors.mail.seen import Seen
from connectors.mail.settings import MailAccount
from gateway.contract import Item
from normalizer.draft import Draft, RejectionReason

log = logging.getLogger(__name__)


class MailReader:
    """Reads for one mailbox; for one thread at a time."""

    def __init__(self, account: MailAccount, seen: Seen) -> None:
        self._account = account
        self._seen = seen

    def read(self, raw: bytes) -> Item:
        """A draft, or a rejection that says why there is none.

        Raises:
            NotConnected: what is known of other mails cannot be read.
        """
        if len(raw) > self._account.max_message_bytes:
            # The server told a smaller size than it sent.
            header = header_block(raw)
            return read_header(self._account, header, RejectionReason.TOO_LARGE).item
        try:
            reading = read_mail(self._account, raw)
        except Exception as error:
            # A fault of our reading: the bytes are kept, and the next mail does not wait.
            log.exception(
                "mail.read_failed",
                extra={"account": self._account.name, "error": type(error).__name__},
            )
            return rejection(self._account, raw, RejectionReason.CONNECTOR_FAILED, None)
        return self._placed(reading)

    def close(self) -> None:
        """Let go; never raises."""
        self._seen.close()

    def _placed(self, reading: Reading) -> Item:
        """Under its own id, and related to the oldest mail of its thread that came here."""
        item = reading.item
        if not isinstance(item, Draft):
            return item
        account = self._account.event_account
        known = (one for one in reading.answers if self._seen.knows(account, one))
        if (parent := next(known, None)) is not None:
            item = replace(item, relates_to=supplement_to(parent))
        if reading.message_id is None:
            return item
        source_id = self._seen.source_id(account, reading.message_id, reading.fingerprint)
        path = item.reply_path
        if path is not None:
            path = path.model_copy(update={"thread": source_id})
        return replace(item, source_id=source_id, reply_path=path)
