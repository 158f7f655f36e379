"""What ``gateway check`` says about each bot: who it is, and how its updates reach us."""

from collections.abc import Sequence

from telegram import Bot, User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from connectors.telegram.api import UNREADABLE, Api
from connectors.telegram.connector import webhook_path
from connectors.telegram.payload import ALLOWED_UPDATES
from connectors.telegram.settings import Account, TelegramSettings, WebhookAccount
from gateway.errors import GatewayFault
from gateway.settings import ConfigFile, WebSettings

#: Telegram calls these ports only.
_PORTS = "443, 80, 88 or 8443"


async def check(config: ConfigFile) -> Sequence[str]:
    """One line for each thing that is in order.

    Raises:
        GatewayFault: everything that is not, of all bots, each with what to do.
    """
    base_url = config.load(WebSettings).public_base_url
    lines: list[str] = []
    faults: list[str] = []
    for account in config.load(TelegramSettings).accounts:
        try:
            lines += await _check_account(account, base_url)
        except GatewayFault as fault:
            faults.append(f"{account.name}: {fault}")
    if faults:
        raise GatewayFault("\n".join(faults))
    return lines


async def _check_account(account: Account, base_url: str) -> list[str]:
    me, info = await _ask(account)
    if (me.username or "").lower() != account.username.lower():
        raise GatewayFault(
            f"the token is that of @{me.username}; set username to that, or take the other token"
        )
    lines = [f"{account.name}: @{me.username}, {_group_line(me)}"]
    if isinstance(account, WebhookAccount):
        lines += _webhook_lines(account, base_url + webhook_path(account), info)
    elif info.url:
        raise GatewayFault(
            "a webhook is set, so that Telegram refuses getUpdates. Take it away (nothing is lost):"
            f"\n  {_curl(account, 'deleteWebhook')}"
        )
    else:
        lines.append(f"{account.name}: polling, {info.pending_update_count} waiting")
    return lines


async def _ask(account: Account) -> tuple[User, WebhookInfo]:
    try:
        async with Api(account) as bot:
            return await _who_and_where(bot)
    except InvalidToken:
        raise GatewayFault(
            "Telegram does not know the token; take the one that @BotFather shows under /mybots"
        ) from None
    except (TelegramError, *UNREADABLE) as error:
        raise GatewayFault(
            f"{account.base_url} cannot be asked ({type(error).__name__}); is it reachable "
            "from this machine?"
        ) from None


async def _who_and_where(bot: Bot) -> tuple[User, WebhookInfo]:
    return await bot.get_me(), await bot.get_webhook_info()


def _webhook_lines(account: WebhookAccount, url: str, info: WebhookInfo) -> list[str]:
    wrong = []
    if info.url != url:
        wrong.append("no webhook is set" if not info.url else "the webhook is another address")
    elif set(info.allowed_updates or ()) != set(ALLOWED_UPDATES):
        wrong.append("Telegram sends other kinds of updates than we read")
    if wrong:
        raise GatewayFault(f"{'; '.join(wrong)}. Set it:\n  {_set_webhook(account, url)}")
    if info.last_error_date is not None and info.pending_update_count:
        raise GatewayFault(
            f"{info.pending_update_count} updates wait; the last try ended at "
            f"{info.last_error_date:%Y-%m-%d %H:%M} UTC with: {info.last_error_message}. "
            f"Telegram keeps them for 24 hours and calls {url} (on port {_PORTS})"
        )
    details = (
        f"{info.pending_update_count} waiting",
        f"at most {info.max_connections or 40} calls at a time",
        *([f"address {info.ip_address}"] if info.ip_address else []),
        *(["own certificate"] if info.has_custom_certificate else []),
    )
    return [f"{account.name}: webhook {url}, {', '.join(details)}"]


def _group_line(me: User) -> str:
    if not me.can_join_groups:
        return "private chats only"
    if me.can_read_all_group_messages:
        return "in groups it sees every message (only those that address it are kept)"
    return "in groups it sees commands and answers to it, no mentions (/setprivacy at @BotFather)"


def _set_webhook(account: WebhookAccount, url: str) -> str:
    updates = ",".join(f'"{kind}"' for kind in ALLOWED_UPDATES)
    return (
        f"{_curl(account, 'setWebhook')} -d url={url} -d secret_token=$SECRET_TOKEN "
        f"-d 'allowed_updates=[{updates}]'"
    )


def _curl(account: Account, method: str) -> str:
    """A command for a shell that has the secrets in its environment; none is shown."""
    return f"curl {account.base_url}/bot$BOT_TOKEN/{method}"
