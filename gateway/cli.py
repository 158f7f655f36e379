"""The ``gateway`` command.

It starts processes by module name and imports nothing above itself: what belongs to a channel or
to deliver (``import``, ``entry``, ``reconcile``, ``ledger``) is handed over to that module.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gateway.auth import AuthSettings, People, Role
from gateway.errors import GatewayFault
from gateway.lifecycle import opened, run_process
from gateway.log.factory import made_data_dir, make_log
from gateway.sealing import kids, new_key_pair, new_reporter_key
from gateway.settings import (
    CONFIG_ENV,
    ConfigFile,
    NormalizerSettings,
    SealingSettings,
    TopicSettings,
    read_config,
)

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The front door for complaints: one event each, entered into LAPOR! once.",
)
topics_app = typer.Typer(no_args_is_help=True, help="The topics of the event log.")
keys_app = typer.Typer(no_args_is_help=True, help="Sealing keys and the reporter key.")
users_app = typer.Typer(no_args_is_help=True, help="People who may log in to the pages.")
app.add_typer(topics_app, name="topics")
app.add_typer(keys_app, name="keys")
app.add_typer(users_app, name="users")

out = Console()

#: Commands of other packages: the name here, the module, and what stands before the arguments.
HANDED_OVER = {
    "import": ("connectors.complaint_box.importer", (), "Enter a typed list (CSV or XLSX)."),
    "reconcile": ("deliver", ("reconcile",), "Received = entered + ...: per channel and day."),
    "entry": ("deliver", ("entry",), "List complaints, enter them by hand, settle what is stuck."),
    "identity": ("deliver", ("identity",), "Who complained: open it, erase it (custodians)."),
    "rejected": ("deliver", ("rejected",), "What did not become a complaint: see, try again."),
    "replay": ("deliver", ("replay",), "Bring back rows that the ledger lost; changes no other."),
    "ledger": ("deliver", ("ledger",), "The ledger: schema, closed days, minutes."),
    "lapor": ("deliver", ("lapor",), "Files for LAPOR!'s bulk upload, and the numbers back."),
    "reply": ("connectors.replies", (), "Answers to reporters: list, show, send again."),
    "media": ("connectors.media", (), "Attachments that wait to be fetched."),
    "send-sample": ("connectors.samples", (), "Send invented complaints the real way."),
    "sandbox": ("compose.lapor_sandbox", (), "A LAPOR! look-alike for trying things out."),
}


@app.callback()
def choose_config(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="gateway.toml to use (else $GATEWAY_CONFIG, ./)."),
    ] = None,
) -> None:
    """Remember the settings file for this command and for the processes it starts."""
    if config is not None:
        os.environ[CONFIG_ENV] = str(config.absolute())


def _register_handed_over(name: str, module: str, before: tuple[str, ...], help_: str) -> None:
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(name, help=help_, add_help_option=False, context_settings=settings)
    def hand_over(ctx: typer.Context) -> None:
        arguments = [sys.executable, "-m", module, *before, *ctx.args]
        os.execv(sys.executable, arguments)  # noqa: S606 - our own module, no shell


for _name, (_module, _before, _help) in HANDED_OVER.items():
    _register_handed_over(_name, _module, _before, _help)


def _config() -> ConfigFile:
    try:
        return read_config()
    except GatewayFault as fault:
        _end(fault)


def _end(fault: GatewayFault) -> NoReturn:
    Console(stderr=True).print(f"gateway: {fault}", style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(fault.exit_code)


def _try(work: Callable[[], T]) -> T:
    try:
        return work()
    except GatewayFault as fault:
        _end(fault)


def _await(work: Coroutine[Any, Any, T]) -> T:
    return _try(lambda: asyncio.run(work))


@app.command()
def up() -> None:
    """Run everything the settings switch on, restart what falls, stop in order."""
    from gateway.up import run_up

    raise typer.Exit(run_process("gateway", run_up))


@app.command()
def demo(
    public_port: Annotated[int, typer.Option(help="Webhooks and the clerk's pages.")] = 8080,
    internal_port: Annotated[
        int, typer.Option(help="Health and metrics (deliver: the next).")
    ] = 8081,
    sandbox_port: Annotated[int, typer.Option(help="The LAPOR! look-alike.")] = 8090,
    directory: Annotated[Path, typer.Option(help="Where the demo keeps its things.")] = Path(
        ".gateway-demo"
    ),
) -> None:
    """Run everything against a LAPOR! look-alike, with generated keys and a login."""
    from gateway.demo import prepare, run_demo

    plan = _try(lambda: prepare(directory, public_port, internal_port, sandbox_port))
    log_file = plan.log_dir / "gateway.jsonl"
    raise typer.Exit(run_process("gateway", partial(run_demo, plan), plan.config_path, log_file))


@app.command()
def watch(
    since_start: Annotated[bool, typer.Option("--all", help="Begin with the oldest.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print what is there and end.")] = False,
    limit: Annotated[int, typer.Option(help="How many of the newest to begin with.")] = 20,
) -> None:
    """Watch the intake topic live: time, channel, place, class, state. No identities."""
    from gateway.watch import watch_topic

    _await(watch_topic(_config(), out, limit=None if since_start else limit, once=once))


@app.command()
def summary() -> None:
    """Count what the log holds: channels, classes, places, what is missing, replaced data."""
    from gateway.summary import summarize

    _await(summarize(_config(), out))


@app.command()
def check() -> None:
    """Try every configured connection and say in plain words what is wrong."""
    from gateway.check import run_checks

    raise typer.Exit(_await(run_checks(_config(), out)))


@app.command()
def schema(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")] = Path("docs/schema"),
    verify: Annotated[bool, typer.Option("--verify", help="Compare instead of writing.")] = False,
) -> None:
    """Write the event's JSON Schemas and the AsyncAPI document."""
    from gateway.schema import verify_schemas, write_schemas

    topics = _config().load(TopicSettings)
    if verify:
        problems = verify_schemas(directory, topics)
        for problem in problems:
            out.print(problem, highlight=False)
        raise typer.Exit(1 if problems else 0)
    for path in write_schemas(directory, topics):
        out.print(str(path), highlight=False)


@topics_app.command("create")
def topics_create() -> None:
    """Make the topics that do not exist. Existing ones stay as they are."""

    async def create() -> None:
        config = _config()
        async with opened(make_log(config)) as event_log:
            made = await event_log.create_topics(config.load(TopicSettings).specs())
        out.print(f"made: {', '.join(made)}" if made else "all topics exist", highlight=False)

    _await(create())


@topics_app.command("forget")
def topics_forget(
    group: Annotated[str, typer.Argument(help="A reader that is switched off, such as replies.")],
) -> None:
    """Let the embedded log drop what this reader would still have read."""
    from gateway.log.sqlite import SqliteLog

    async def forget() -> None:
        async with opened(make_log(_config())) as event_log:
            if not isinstance(event_log, SqliteLog):
                out.print("Kafka keeps records by time alone; nothing to do", highlight=False)
                return
            count = await event_log.forget_group(group)
        out.print(f"forgotten on {count} topics" if count else "no such reader", highlight=False)

    _await(forget())


@keys_app.command("new")
def keys_new() -> None:
    """Make a new sealing pair (older private keys stay) and, if missing, the reporter key."""

    def make() -> None:
        config = _config()
        sealing = config.load(SealingSettings)
        kid = new_key_pair(sealing.public_key_file, sealing.private_key_dir)
        new_key_pair(sealing.reply_public_key_file, sealing.reply_private_key_dir)
        new_reporter_key(config.load(NormalizerSettings).reporter_key_file)
        out.print(f"kid {kid}", highlight=False)
        out.print(
            f"Connectors need {sealing.public_key_file}; only deliver may read "
            f"{sealing.private_key_dir}. Back the private key up: without it no identity opens. "
            f"Only the replies process may read {sealing.reply_private_key_dir}.",
            highlight=False,
            soft_wrap=True,
        )

    _try(make)


@keys_app.command("list")
def keys_list() -> None:
    """The ids of the private keys at hand."""
    for kid in _try(lambda: kids(_config().load(SealingSettings).private_key_dir)):
        out.print(kid, highlight=False)


@users_app.command("add")
def users_add(
    login: Annotated[str, typer.Argument(help="Login name: never leaves the people store.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
) -> None:
    """Add a person; the password is asked for (or one line of standard input)."""
    user = _with_people(lambda people: people.create_user(login, _password(), role))
    out.print(f"{user.user_id} {', '.join(sorted(user.roles))}", highlight=False)


@users_app.command("passwd")
def users_passwd(login: str) -> None:
    """Set a new password; ends all sessions of that person."""
    _with_people(lambda people: people.set_password(login, _password("New password")))


@users_app.command("disable")
def users_disable(login: str) -> None:
    """No further login, all sessions ended. What the person entered stays theirs."""
    _with_people(lambda people: people.disable(login))


@users_app.command("enable")
def users_enable(login: str) -> None:
    """Take a disabling back."""
    _with_people(lambda people: people.enable(login))


@users_app.command("list")
def users_list() -> None:
    """Who may log in, with the id that stands in events."""
    table = Table("login", "id", "roles", "disabled")
    for user in _with_people(lambda people: people.list_users()):
        roles = ", ".join(sorted(user.roles))
        table.add_row(user.login, user.user_id, roles, "yes" if user.disabled else "")
    out.print(table)


def _with_people(work: Callable[[People], T]) -> T:
    def run() -> T:
        config = _config()
        people = People(made_data_dir(config), config.load(AuthSettings))
        try:
            return work(people)
        finally:
            people.close()

    return _try(run)


def _password(prompt: str = "Password") -> str:
    """From the terminal, or one line of standard input when that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=True)
    return answer


def main() -> None:
    """Entry point of the console script."""
    app()
