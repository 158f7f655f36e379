"""Sealing: what only the deliver key opens travels as JWE (RFC 7516) inside the event.

RSA-OAEP-256 with A256GCM: sealing, which the intake does for every item, costs half of ECDH-ES
with X25519 in the same library; opening, which deliver does once per entry, may cost more
(DECISIONS.md). The ``kid`` is the key's RFC 7638 thumbprint, so keys can be changed at any time.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, RSAKey
from pydantic import ValidationError

from gateway.errors import CannotOpen, KeyMissing
from normalizer.event import PrivatePart, ReplyPath

_ALGORITHM = "RSA-OAEP-256"
_ENCRYPTION = "A256GCM"


class _LargeContents(jwe.JWERegistry):
    """The library opens 64 KiB at most, less than an attachment has, or a record's raw payload."""

    #: Base64 of the largest that ``[media] max_bytes`` allows.
    max_ciphertext_length = 140_000_000


_REGISTRY = _LargeContents(algorithms=[_ALGORITHM, _ENCRYPTION])

#: NIST SP 800-57: comparable to 128 bits, good beyond 2030.
_KEY_BITS = 3072

PRIVATE_SUFFIX = ".private.json"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Holds a public key only: it cannot open what it seals."""

    key: RSAKey = field(repr=False)
    kid: str

    def seal(self, private: PrivatePart | ReplyPath) -> str:
        """The private part as a compact JWE."""
        return self.seal_bytes(private.to_bytes())

    def seal_bytes(self, plain: bytes) -> str:
        """Any bytes as a compact JWE; four thirds of their size."""
        header = {"alg": _ALGORITHM, "enc": _ENCRYPTION, "kid": self.kid}
        return jwe.encrypt_compact(header, plain, self.key, registry=_REGISTRY)


@dataclass(frozen=True, slots=True)
class Opener:
    """Holds private keys, by ``kid``: deliver's, or those of the replies process."""

    keys: dict[str, RSAKey] = field(repr=False)

    def open(self, sealed: str) -> PrivatePart:
        """The private part.

        Raises:
            CannotOpen: sealed for a key that is not here, or damaged.
        """
        try:
            return PrivatePart.from_bytes(self.open_bytes(sealed))
        except ValidationError:
            raise CannotOpen("a sealed part is damaged (ValidationError)") from None

    def open_reply_path(self, sealed: str) -> ReplyPath:
        """The way back to a reporter. Raises CannotOpen."""
        try:
            return ReplyPath.from_bytes(self.open_bytes(sealed))
        except ValidationError:
            raise CannotOpen("a sealed reply path is damaged (ValidationError)") from None

    def open_bytes(self, sealed: str) -> bytes:
        """What was sealed. Raises CannotOpen."""
        try:
            token = jwe.decrypt_compact(sealed, self._key_of, registry=_REGISTRY)
        except (JoseError, ValueError) as error:
            raise CannotOpen(f"a sealed part is damaged ({type(error).__name__})") from None
        return token.plaintext or b""

    def _key_of(self, token: GuestProtocol) -> RSAKey:
        kid = str(token.headers().get("kid"))
        if kid not in self.keys:
            raise CannotOpen(f"no private key {kid} in the key directory; put its file back")
        return self.keys[kid]


def load_sealer(public_key_file: Path) -> Sealer:
    """The sealer of the connectors.

    Raises:
        KeyMissing: no public key there, or a file that is none.
    """
    key = _read_key(public_key_file)
    if key.is_private:
        raise KeyMissing(
            f"{public_key_file} holds a private key; connectors get the public file only"
        )
    return Sealer(key, key.thumbprint())


def load_opener(private_key_dir: Path) -> Opener:
    """The opener of deliver, with every private key of the directory.

    Raises:
        KeyMissing: none there, or a file that is none.
    """
    files = sorted(private_key_dir.glob(f"*{PRIVATE_SUFFIX}"))
    if not files:
        raise KeyMissing(
            f"no *{PRIVATE_SUFFIX} in {private_key_dir}; `gateway keys new` makes a pair"
        )
    keys = [_read_key(file) for file in files]
    return Opener({key.thumbprint(): key for key in keys})


def new_key_pair(public_key_file: Path, private_key_dir: Path) -> str:
    """Make a pair; the public file is replaced, older private files stay. Returns the ``kid``."""
    key = RSAKey.generate_key(_KEY_BITS)
    kid = key.thumbprint()
    private_key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    public_key_file.parent.mkdir(parents=True, exist_ok=True)
    _write_key(private_key_dir / f"{kid}{PRIVATE_SUFFIX}", key, private=True)
    _write_key(public_key_file, key, private=False)
    return kid


def new_reporter_key(path: Path) -> None:
    """Make the secret of the reporter keys. It stays as it is when there is one already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_secret(path, os.urandom(32).hex())


def load_reporter_key(path: Path) -> bytes:
    """The secret of the reporter keys, at least 32 bytes.

    Raises:
        KeyMissing: no such file, or not 64 or more hexadecimal digits.
    """
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError:
        raise KeyMissing(f"no reporter key at {path}; `gateway keys new` makes one") from None
    except ValueError:
        raise KeyMissing(f"{path} is not hexadecimal; `gateway keys new` makes one") from None
    # RFC 2104: a key shorter than the hash weakens it.
    if len(secret) < 32:
        raise KeyMissing(f"{path} is too short; at least 64 hexadecimal digits are needed")
    return secret


def _read_key(path: Path) -> RSAKey:
    try:
        return RSAKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise KeyMissing(f"no key at {path}; `gateway keys new` makes a pair") from None
    except (JoseError, ValueError, KeyError, TypeError):
        raise KeyMissing(f"{path} is no RSA key in JWK form; restore it from backup") from None


def _write_key(path: Path, key: RSAKey, *, private: bool) -> None:
    text = json.dumps(key.as_dict(private=private), indent=2)
    if private:
        _write_secret(path, text)
    else:
        path.write_text(text, encoding="utf-8")


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def kids(private_key_dir: Path) -> Sequence[str]:
    """The key ids that can be opened with what stands in the directory."""
    return sorted(
        file.name.removesuffix(PRIVATE_SUFFIX)
        for file in private_key_dir.glob(f"*{PRIVATE_SUFFIX}")
    )
