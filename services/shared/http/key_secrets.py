"""What an API key looks like: `oc_<id>_<secret>`, so that a scanner finds one where it does not belong."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "oc_"
# Random bytes in a secret: 256 bits cannot be guessed, so a plain hash is as good as a slow one.
_SECRET_BYTES: Final = 32
_KEY: Final = re.compile(rf"{PREFIX}([1-9][0-9]{{0,17}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key as a client sends it."""

    id: int
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "PresentedKey | None":
        """None for what cannot be one."""
        found = _KEY.fullmatch(text)
        return cls(int(found[1]), found[2]) if found else None

    def fits(self, secret_hash: bytes) -> bool:
        """It takes as long whether the secret is nearly right or not at all."""
        return hmac.compare_digest(hash_of(self.secret), secret_hash)

    def __str__(self) -> str:
        return f"{PREFIX}{self.id}_{self.secret}"


def new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
