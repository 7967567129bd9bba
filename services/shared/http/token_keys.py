"""The Ed25519 key pair of the access tokens: order_api signs with the private key, every service checks with the public one."""

import base64
import hashlib
import json
import os
from pathlib import Path

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
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError) as error:
        raise TokenKeyError(f"{path} holds no public key in PEM: {first_line(error)}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise TokenKeyError(f"{path} holds a public key of another kind than Ed25519")
    return key


def jwk_of(key: Ed25519PublicKey) -> dict[str, str]:
    """The key as a JSON Web Key (RFC 8037); its `kid` is its thumbprint (RFC 7638)."""
    identity = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()
    return identity | {"use": "sig", "alg": "EdDSA", "kid": _base64url(hashlib.sha256(canonical).digest())}


def create_key_pair(private_path: Path, public_path: Path) -> None:
    """Writes a new pair, or the public key alone where the private one exists already: tokens given out stay valid.

    Only the owner may read the private key. Both files appear whole.
    """
    if private_path.exists():
        private_key = load_private_key(private_path)
    else:
        private_key = Ed25519PrivateKey.generate()
        pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(private_path, pem, mode=0o600)
    public_pem = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(public_path, public_pem, mode=0o644)


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TokenKeyError(f"cannot read the token key {path}: {error.strerror}") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    # The mode at creation: a key must not be readable to others even for a moment.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    part.replace(path)
