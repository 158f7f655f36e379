"""What every command of an operator needs: the ledger at hand, and plain words for a no."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, NoReturn

import typer

from deliver.assembly import opened_ledger
from deliver.desk import Desk
from deliver.ledger import LedgerConflict, Stale
from deliver.states import Actor, Who
from gateway.errors import GatewayFault
from gateway.intake import utc_now
from gateway.settings import ConfigFile, read_config

#: The state machine or the numbers do not allow it; nothing was changed.
EXIT_NOT_DONE = 2

Name = Annotated[str, typer.Argument(metavar="ID_OR_REFERENCE", show_default=False)]
TrackingId = Annotated[str, typer.Argument(metavar="TRACKING_ID", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who does it. Default: the login user.")]
Note = Annotated[str | None, typer.Option("--note", help="Kept in the history; no names.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept in the history.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@dataclass(frozen=True, slots=True)
class Counter:
    """An operator at the desk, with the settings and the time at which the command began."""

    config: ConfigFile
    desk: Desk
    now: datetime


@contextmanager
def at_desk(by: str) -> Iterator[Counter]:
    """The desk of ``by``, or of the login user; ends the command with plain words on a no."""
    with told_plainly():
        config = read_config()
        with opened_ledger(config, may_migrate=True) as ledger:
            actor = Actor(Who.OPERATOR, by or getpass.getuser())
            yield Counter(config, Desk(ledger, actor, utc_now), utc_now())


@contextmanager
def told_plainly() -> Iterator[None]:
    """Our own faults and the ledger's refusals become one line and an exit code."""
    try:
        yield
    except GatewayFault as fault:
        sys.stderr.write(f"gateway: {fault}\n")
        raise typer.Exit(fault.exit_code) from None
    except Stale:
        not_done("keadaannya baru saja berubah; lihat `gateway entry show` lalu ulangi")
    except LedgerConflict as conflict:
        not_done(str(conflict))


def not_done(why: str) -> NoReturn:
    """End the command: nothing was changed, and why."""
    sys.stderr.write(f"Tidak dilakukan: {why}\n")
    raise typer.Exit(EXIT_NOT_DONE)


def date_of(value: datetime | None) -> date | None:
    """Typer reads days as midnights."""
    return value.date() if value is not None else None
