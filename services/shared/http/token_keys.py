"""The Ed25519 keys of the access tokens: order_api signs with the private key, every service checks with the public ones.

The same functions serve the pair that the trainer signs model versions with.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ordercast.first_line import first_line
from ordercast.services.shared.process.errors import CannotStart

# A replaced key: as long as a token lives (15 minutes), and the time in which order_api is to be restarted with the new one.
KEPT_FOR: Final = timedelta(hours=1)
_PUBLIC_KEYS: Final = re.compile(
    rb"(?:^Until: (?P<until>\S+)\r?\n)?(?P<pem>-----BEGIN ([A-Z ]+)-----.*?-----END \3-----)", re.DOTALL | re.MULTILINE
)


class TokenKeyError(CannotStart):
    """Permanent: a key file is missing, unreadable or no Ed25519 key. The message names the file."""


def load_private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise TokenKeyError(f"{path} holds no private key in PEM: {first_line(error)}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise TokenKeyError(f"{path} holds a private key of another kind than Ed25519")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The first one of the file."""
    return load_verifying_keys(path)[0].key


class VerifyingKey(NamedTuple):
    """A public key, and until when what it signed is good; one that was replaced has an end."""

    key: Ed25519PublicKey
    until: datetime | None = None

    @property
    def kid(self) -> str:
        return jwk_of(self.key)["kid"]


def load_verifying_keys(path: Path) -> list[VerifyingKey]:
    """All public keys of a file, the current one first, those too that have ended.

    Each is a block of PEM; a line `Until: <ISO 8601>` above it says when it ends.
    """
    found = [
        VerifyingKey(_public_key(path, match["pem"]), _moment(path, match["until"]))
        for match in _PUBLIC_KEYS.finditer(_read(path))
    ]
    if not found:
        raise TokenKeyError(f"{path} holds no public key in PEM")
    return found


def _public_key(path: Path, pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise TokenKeyError(f"{path} holds no public key in PEM: {first_line(error)}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise TokenKeyError(f"{path} holds a public key of another kind than Ed25519")
    return key


def _moment(path: Path, text: bytes | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.decode())
    except ValueError as error:
        raise TokenKeyError(f"{path} says until when a key is good in no form that is known") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def jwk_of(key: Ed25519PublicKey) -> dict[str, str]:
    """The key as a JSON Web Key (RFC 8037); its `kid` is its thumbprint (RFC 7638)."""
    identity = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()
    return identity | {"use": "sig", "alg": "EdDSA", "kid": _base64url(hashlib.sha256(canonical).digest())}


def create_key_pair(private_path: Path, public_path: Path) -> None:
    """Writes a new pair, or the public key alone where the private one exists already: tokens given out stay valid.

    Only the owner may read the private key. Both files appear whole. Other keys in the public file end within `KEPT_FOR`.
    """
    if private_path.exists():
        private_key = load_private_key(private_path)
    else:
        private_key = Ed25519PrivateKey.generate()
        _write_private(private_path, private_key)
    try:
        known = load_verifying_keys(public_path)
    except TokenKeyError:
        known = []
    current = VerifyingKey(private_key.public_key())
    if current not in known:
        _write_public(public_path, [current, *known])


def rotate_key_pair(private_path: Path, public_path: Path, *, at_once: bool = False) -> None:
    """Replaces the private key. What the one before has signed is good for `KEPT_FOR` more, or ends `at_once`.

    Broken off half-way, `create_key_pair` puts the rest right.

    Raises:
        TokenKeyError: a file is damaged.
    """
    known = load_verifying_keys(public_path)
    private_key = Ed25519PrivateKey.generate()
    _write_private(private_path, private_key)
    _write_public(public_path, [VerifyingKey(private_key.public_key()), *([] if at_once else known)])


def _write_private(path: Path, key: Ed25519PrivateKey) -> None:
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)


def _write_public(path: Path, keys: Sequence[VerifyingKey]) -> None:
    """The first one without an end, the others with one, unless it has passed."""
    now = datetime.now(UTC)
    current, *replaced = keys
    blocks = [_pem(current.key)]
    for key in replaced:
        until = key.until or now + KEPT_FOR
        if key.key != current.key and until > now:
            blocks.append(f"Until: {until.isoformat(timespec='seconds')}\n".encode() + _pem(key.key))
    _write(path, b"".join(blocks), mode=0o644)


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TokenKeyError(f"cannot read the key {path}: {error.strerror}") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    # The mode at creation: a key must not be readable to others even for a moment.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    part.replace(path)
