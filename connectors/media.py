"""Attachments that a platform keeps for us: fetched as a step of their own, after the text.

``MediaWorker`` reads the accepted topic, notes in ``media.db`` what is to be fetched, and tells
``complaints.media.v1`` how it ended. The text is on its way to LAPOR meanwhile, whatever happens
here. ``python -m connectors.media list`` shows what waits.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
from rich.console import Console
from rich.table import Table

from connectors.media_fetching import Fetching
from connectors.media_jobs import Job, MediaJobs
from connectors.media_worker import GROUP, MediaWorker
from gateway.contract import Fetcher
from gateway.errors import GatewayFault
from gateway.intake import ContentStore
from gateway.log import EventLog
from gateway.ownership import Ownership
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    MediaSettings,
    TopicSettings,
    read_config,
)


def make_media_worker(
    config: ConfigFile, event_log: EventLog, fetchers: Sequence[Fetcher], contents: ContentStore
) -> MediaWorker:
    """A worker on a log that somebody else opens and closes; it closes the fetchers.

    Raises:
        Misconfigured: a setting is wrong.
    """
    settings = config.load(MediaSettings)
    data_dir = config.load(GatewaySettings).data_dir
    return MediaWorker(
        event_log,
        config.load(TopicSettings),
        MediaJobs(_file(config)),
        Fetching(
            fetchers,
            contents,
            max_bytes=settings.max_bytes,
            give_up_after=timedelta(hours=settings.give_up_hours),
        ),
        Ownership(data_dir, GROUP),
    )


def list_jobs(config: ConfigFile, out: Console) -> None:
    """Print what waits: since when, why, the next try, and when it is given up. No identities.

    Raises:
        GatewayFault: the settings or the file cannot be read.
    """
    zone = ZoneInfo(config.load(GatewaySettings).time_zone)
    give_up_after = timedelta(hours=config.load(MediaSettings).give_up_hours)
    waiting: Sequence[Job] = ()
    if _file(config).exists():
        jobs = MediaJobs(_file(config))
        try:
            waiting = jobs.waiting()
        except (apsw.Error, OSError) as error:
            raise GatewayFault(f"{_file(config)} cannot be read ({type(error).__name__})") from None
        finally:
            jobs.close()
    if not waiting:
        out.print("no attachment waits")
        return
    table = Table(
        "complaint", "channel", "account", "waits since", "tries", "last", "next", "until"
    )
    for job in waiting:
        times = (job.added_at, job.next_try_at, job.added_at + give_up_after)
        since, following, until = (f"{time.astimezone(zone):%d.%m. %H:%M}" for time in times)
        last = "stored" if job.outcome else job.reason or ""
        ids = (job.reference, job.channel.value, job.account)
        table.add_row(*ids, since, str(job.attempts), last, following, until)
    out.print(table)


def _file(config: ConfigFile) -> Path:
    return config.load(GatewaySettings).data_dir / "media.db"


def main() -> int:
    """The command line of ``gateway media``."""
    parser = argparse.ArgumentParser(prog="gateway media", description=__doc__)
    parser.add_argument("command", choices=("list",), help="what waits to be fetched")
    parser.add_argument("--config", type=Path, help="gateway.toml to use")
    arguments = parser.parse_args()
    try:
        list_jobs(read_config(arguments.config), Console())
    except GatewayFault as fault:
        sys.stderr.write(f"gateway media: {fault}\n")
        return fault.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
