"""``gateway check``: whether Twilio knows us and recordings can be reached."""

from collections.abc import Sequence

from connectors.call_center.fetch import place_of
from connectors.call_center.settings import (
    CallCenterSettings,
    GenericAccount,
    TwilioVoiceAccount,
)
from gateway.errors import GatewayFault, Misconfigured
from gateway.http import Answer, Outgoing, OutgoingFault
from gateway.settings import ConfigFile, WebSettings


async def check(config: ConfigFile) -> Sequence[str]:
    """One line for each thing tried.

    Raises:
        GatewayFault: a server cannot be reached, refuses the login, or has another address of us.
    """
    public_base_url = config.load(WebSettings).public_base_url
    lines: list[str] = []
    for account in config.load(CallCenterSettings).accounts:
        url = f"{public_base_url}/call/{account.name}"
        if isinstance(account, TwilioVoiceAccount):
            lines += await _check_twilio(account, url)
        else:
            lines.append(f"call_center/{account.name}: waits for signed events at {url}")
            lines += await _check_recordings(account)
    return lines


async def _check_twilio(account: TwilioVoiceAccount, url: str) -> Sequence[str]:
    where = f"call_center/{account.name}"
    if account.account_sid is None:
        return [f"{where}: no account_sid: recordings are listed and not fetched"]
    login = (account.account_sid, account.auth_token.get_secret_value())
    api = f"{account.api_url}/2010-04-01/Accounts/{account.account_sid}"
    answer = await _get(f"{api}/IncomingPhoneNumbers.json?PageSize=1000", where, login)
    if answer.status in (401, 403):
        raise Misconfigured(
            f"{where}: Twilio refuses account_sid and auth_token; compare them with the console"
        )
    if answer.status != 200:
        raise GatewayFault(f"{where}: Twilio answers with status {answer.status}; try again later")
    document = answer.json()
    numbers = document.get("incoming_phone_numbers") if isinstance(document, dict) else None
    if not isinstance(numbers, list):
        raise GatewayFault(f"{where}: {account.api_url} does not answer as Twilio does")
    told = [one for one in numbers if isinstance(one, dict)]
    greeted = sum(_same(one.get("voice_url"), f"{url}/voice") for one in told)
    followed = sum(_same(one.get("status_callback"), url) for one in told)
    return [
        f"{where}: Twilio knows the account; {greeted} of {len(told)} numbers ask {url}/voice",
        f"{where}: {followed} of {len(told)} numbers tell of ended calls at {url}",
    ]


async def _check_recordings(account: GenericAccount) -> Sequence[str]:
    where, place = f"call_center/{account.name}", place_of(account)
    if place is None:
        return [f"{where}: no recordings_url: recordings are listed and not fetched"]
    headers = {"Authorization": f"Bearer {place.token}"} if place.token else None
    answer = await _get(f"{place.base_url}/", where, place.login, headers)
    if answer.status == 401:
        raise Misconfigured(f"{where}: {place.base_url} refuses the login; look at recordings_*")
    if answer.status >= 500:
        raise GatewayFault(f"{where}: {place.base_url} answers with status {answer.status}")
    return [f"{where}: recordings: {place.base_url} answers"]


async def _get(
    url: str,
    where: str,
    auth: tuple[str, str] | None,
    headers: dict[str, str] | None = None,
) -> Answer:
    outgoing = Outgoing(trusted=(url,))
    try:
        return await outgoing.call("GET", url, auth=auth, headers=headers)
    except OutgoingFault:
        raise GatewayFault(
            f"{where}: {url.partition('?')[0]} does not answer; look at the network and the address"
        ) from None
    finally:
        await outgoing.close()


def _same(told: object, url: str) -> bool:
    """Twilio's own settings stand after the ``#``."""
    return isinstance(told, str) and told.partition("#")[0].rstrip("/") == url
