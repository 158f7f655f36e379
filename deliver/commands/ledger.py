"""``gateway ledger ...``: the ledger itself."""

import typer

from deliver import show
from deliver.commands.counter import told_plainly
from deliver.database import migrate, open_engine
from deliver.settings import LedgerSettings
from gateway.settings import GatewaySettings, read_config

app = typer.Typer(no_args_is_help=True, help="The ledger's schema.")


@app.command("migrate")
def migrate_command() -> None:
    """Bring the ledger's schema up to date. May be run again at any time."""
    with told_plainly():
        config = read_config()
        address = config.load(LedgerSettings).address(config.load(GatewaySettings).data_dir)
        engine = open_engine(address)
        try:
            show.line(f"Buku besar: skema {migrate(engine)}")
        finally:
            engine.dispose()
