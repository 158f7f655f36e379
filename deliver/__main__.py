"""``python -m deliver``: the worker. With a command after it: the operators' commands."""

import sys

from deliver.commands.app import app

if __name__ == "__main__":
    # A word is needed: Typer shows its help when there is none.
    app(args=sys.argv[1:] or ["worker"], prog_name="gateway")
