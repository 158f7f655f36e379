"""What a gateway's answer means for the reply: closed reasons, whatever the words were."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayFault, ReplyAway, ReplyRefused, ReplyUnknown
from gateway.http import AddressRefused, Answer, AnswerTooLarge, NoAnswer, NotSent

#: Reasons, for the ledger and the operator's page.
REJECTED = "rejected"
BAD_ADDRESS = "bad_address"
CREDENTIALS = "credentials"
UNREACHABLE = "unreachable"
BUSY = "busy"

_LOGIN_STATUSES = (401, 403)
_BUSY_STATUSES = (408, 425, 429, 503)


@contextmanager
def told_apart() -> Iterator[None]:
    """Around a call: which of its failures are certainly not sent.

    Raises:
        ReplyAway, ReplyUnknown, ReplyRefused.
    """
    try:
        yield
    except NotSent:
        raise ReplyAway(UNREACHABLE) from None
    except (NoAnswer, AnswerTooLarge):
        raise ReplyUnknown("the SMS was handed over and no whole answer came") from None
    except AddressRefused:
        raise ReplyRefused(REJECTED) from None


def fault_of(answer: Answer) -> GatewayFault:
    """What an answer that is no success asks for, by its status alone."""
    if answer.status in _BUSY_STATUSES:
        return ReplyAway(BUSY, answer.retry_after_seconds)
    if answer.status in _LOGIN_STATUSES:
        return ReplyRefused(CREDENTIALS)
    if 400 <= answer.status < 500:
        return ReplyRefused(REJECTED)
    # 500 and the like may come after it was taken; so may a redirect that nobody promised.
    return ReplyUnknown(f"the gateway answered {answer.status}: perhaps it was sent")
