"""Settings with an account of every kind that providers call, and a good request for each."""

import tempfile
from pathlib import Path

from connectors.registry import SAMPLES, sample_calls
from gateway.contract import Call
from gateway.settings import ConfigFile, read_config

BASE = "http://127.0.0.1:8080"
SENDER = "081200009001"
TEXT = "NGAWI Jalan rusak di Desa Babadan Kec. Paron"
SECRET = "a-long-secret-of-tests"
TOKEN = "a-long-token"

_SMS = {
    "kannel-basic": 'dialect = "kannel"\nusername = "user"\npassword = "{secret}"',
    "kannel-token": 'dialect = "kannel"\ntoken = "{token}"',
    "jasmin": 'dialect = "jasmin"\nusername = "user"\npassword = "{secret}"',
    "twilio": 'dialect = "twilio"\nauth_token = "{secret}"',
    "infobip": 'dialect = "infobip"\n'
    'verify = {{ kind = "basic", username = "user", password = "{secret}" }}',
    "vonage": 'dialect = "vonage"\nsignature_secret = "{secret}"',
    "africastalking": 'dialect = "africastalking"\ntoken = "{token}"',
    "bird": 'dialect = "bird"\nsigning_key = "{secret}"',
    "plivo": 'dialect = "plivo"\nauth_token = "{secret}"',
    "clickatell": 'dialect = "clickatell"\nusername = "user"\npassword = "{secret}"',
    "gammu": 'dialect = "gammu"\ntoken = "{token}"',
    "generic-basic": 'dialect = "generic"\n'
    'verify = {{ kind = "basic", username = "user", password = "{secret}" }}',
    "generic-bearer": 'dialect = "generic"\nverify = {{ kind = "bearer", token = "{token}" }}',
    "generic-query": 'dialect = "generic"\nverify = {{ kind = "query_token", token = "{token}" }}',
    "generic-header": 'dialect = "generic"\n'
    'verify = {{ kind = "header", header = "X-Api-Key", value = "{token}" }}',
    "generic-hmac": 'dialect = "generic"\n'
    'verify = {{ kind = "hmac", secret = "{secret}", prefix = "sha256=" }}',
    "generic-hmac-time": 'dialect = "generic"\n'
    'verify = {{ kind = "hmac", secret = "{secret}", timestamp_header = "X-Time",'
    ' encoding = "base64" }}',
}
_OTHERS = """
[[telegram.accounts]]
name = "bot"
mode = "webhook"
bot_token = "123456:AAE-invented-bot-token-0123456789abc"
username = "pintu_aduan_bot"
secret_token = "{token}"

[[meta.apps]]
name = "app"
app_secret = "{secret}"
verify_token = "{token}"
[[meta.apps.whatsapp]]
id = "100000000000001"
name = "wa-aduan"

[[x.accounts]]
name = "akun"
consumer_secret = "{secret}"
user_id = "4560000000000000001"
handle = "aduan_contoh"

[[call_center.accounts]]
name = "pbx"
dialect = "generic"
verify = {{ secret = "{secret}" }}

[[call_center.accounts]]
name = "awan"
dialect = "twilio_voice"
auth_token = "{secret}"
"""


def settings() -> str:
    """The text of a ``gateway.toml``."""
    sms = "".join(
        f'\n[[sms.accounts]]\nname = "{name}"\n{account}\n' for name, account in _SMS.items()
    )
    web = f'[web]\npublic_base_url = "{BASE}"\n'
    return web + (sms + _OTHERS).format(secret=SECRET, token=TOKEN)


def config(directory: Path) -> ConfigFile:
    """The settings as a file of that directory."""
    path = directory / "gateway.toml"
    path.write_text(settings(), encoding="utf-8")
    return read_config(path)


def specimens() -> dict[str, Call]:
    """Path to a good request, for every account of every channel that is called."""
    with tempfile.TemporaryDirectory() as directory:
        read = config(Path(directory))
        return {
            path: call
            for name in SAMPLES
            for path, call in sample_calls(name, read, SENDER, TEXT).items()
        }
