"""Secrets and signatures by the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
# The specification asks for 24 to 64 bytes; as many as the hash has are the most that help.
SECRET_BYTES: Final = 32


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """As its owner sees it once, and gives it to a library."""
    return PREFIX + base64.b64encode(secret).decode()


def signed_headers(message_id: str, timestamp: int, body: bytes, good: Sequence[bytes]) -> Mapping[str, str]:
    """The headers that let whoever has one of the secrets check what came, and when it was sent (s since the epoch)."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(secret, signed, hashlib.sha256) for secret in good]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }
