"""Where recordings lie. A PBX writes the caller's number into their names, so these are sealed.

Media ids stand in the event, which many may read. Only the fetching process, which has the
account's secret, opens them again.
"""

import hashlib
import hmac
from pathlib import PurePosixPath

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

from connectors.call_center.event import Recording

_HEADER = {"alg": "dir", "enc": "A256GCM"}
_SEALED = "sealed:"

_MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".gsm": "audio/x-gsm",
}


def sealed_recording(secret: SecretStr, address: str, recording_id: str | None) -> Recording:
    """A recording of a system of the house."""
    token = jwe.encrypt_compact(
        _HEADER, address.encode(), _key(secret), algorithms=list(_HEADER.values())
    )
    known = recording_id or hashlib.sha256(address.encode()).hexdigest()
    return Recording(media_id=_SEALED + token, media_type=type_of(address), recording_id=known)


def open_address(secret: SecretStr, media_id: str) -> str | None:
    """The address of a sealed recording; None when another secret sealed it."""
    try:
        found = jwe.decrypt_compact(
            media_id.removeprefix(_SEALED), _key(secret), algorithms=list(_HEADER.values())
        )
    except (JoseError, ValueError):
        return None
    return (found.plaintext or b"").decode()


def type_of(address: str) -> str:
    """What the name's ending says; an address without one is Twilio's, or anybody's WAV."""
    path = PurePosixPath(address.partition("?")[0])
    return _MEDIA_TYPES.get(path.suffix.lower(), "audio/wav")


def _key(secret: SecretStr) -> OctKey:
    made = hmac.digest(secret.get_secret_value().encode(), b"call recordings", "sha256")
    return OctKey.import_key(made)
