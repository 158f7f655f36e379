"""``gateway check``: whether the keys are those of the account, and X has our address."""

from collections.abc import Sequence

from connectors.x.api import signer_of
from connectors.x.settings import UserKeys, XAccount, XSettings
from connectors.x.values import at, handle, identifier, listed
from gateway.errors import GatewayFault, Misconfigured
from gateway.http import Answer, Outgoing, OutgoingFault
from gateway.settings import ConfigFile, WebSettings


async def check(config: ConfigFile) -> Sequence[str]:
    """One line for each thing tried.

    Raises:
        GatewayFault: X cannot be reached, refuses the keys, or does not have our address.
    """
    settings = config.load(XSettings)
    public_base_url = config.load(WebSettings).public_base_url
    outgoing = Outgoing(trusted=(settings.api_base_url,))
    lines = []
    try:
        for account in settings.accounts:
            lines.append(await _check_keys(outgoing, settings.api_base_url, account))
            url = f"{public_base_url}/x/{account.name}"
            lines.append(await _check_webhook(outgoing, settings.api_base_url, account, url))
    except OutgoingFault:
        raise GatewayFault(
            f"[x]: {settings.api_base_url} does not answer; look at the network and api_base_url"
        ) from None
    finally:
        await outgoing.close()
    return lines


async def _check_keys(outgoing: Outgoing, api: str, account: XAccount) -> str:
    where = f"x/{account.name}"
    if account.keys is None:
        return f"{where}: no keys: reporters are not answered, private pictures not fetched"
    answer = await _who_am_i(outgoing, api, account, account.keys)
    _check_status(where, answer, "consumer_secret and keys", "the X app's page 'Keys and tokens'")
    told = at(answer.json(), "data")
    if identifier(at(told, "id")) != account.user_id:
        raise Misconfigured(
            f"{where}: the keys belong to another account than user_id; make the access token "
            "while logged in as the account that receives the complaints"
        )
    name = handle(at(told, "username")) or ""
    if name.lower() != f"@{account.handle.lower()}":
        raise Misconfigured(f"{where}: the account's handle is {name}; set handle to it")
    return f"{where}: X knows the keys as those of {name}"


async def _who_am_i(outgoing: Outgoing, api: str, account: XAccount, keys: UserKeys) -> Answer:
    return await signer_of(account, keys).call(outgoing, "GET", f"{api}/2/users/me")


async def _check_webhook(outgoing: Outgoing, api: str, account: XAccount, url: str) -> str:
    where = f"x/{account.name}"
    if account.bearer_token is None:
        return f"{where}: no bearer_token: not looked whether X has the address {url}"
    headers = {"Authorization": f"Bearer {account.bearer_token.get_secret_value()}"}
    answer = await outgoing.call("GET", f"{api}/2/webhooks", headers=headers)
    _check_status(where, answer, "bearer_token", "the X app's page 'Keys and tokens'")
    ours = [one for one in listed(at(answer.json(), "data")) if at(one, "url") == url]
    if not ours:
        raise Misconfigured(
            f"{where}: X does not have the address {url}; register it with POST /2/webhooks "
            "(docs/channels/x.md)"
        )
    if not any(at(one, "valid") is True for one in ours):
        raise Misconfigured(
            f"{where}: X holds the address {url} for invalid and sends nothing; see that the "
            "gateway answers there, then PUT /2/webhooks/<id> (docs/channels/x.md)"
        )
    return f"{where}: X sends to {url}"


def _check_status(where: str, answer: Answer, what: str, place: str) -> None:
    if answer.status in (401, 403):
        raise Misconfigured(f"{where}: X refuses {what}; compare them with {place}")
    if answer.status != 200:
        raise GatewayFault(f"{where}: X answers with status {answer.status}; try again later")
