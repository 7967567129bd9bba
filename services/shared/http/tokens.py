"""Access tokens: JWTs signed with Ed25519. order_api signs them, every service checks them with the public keys alone."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.token_keys import VerifyingKey

ISSUER: Final = "ordercast"
AUDIENCE: Final = "ordercast"
ALGORITHM: Final = "EdDSA"
# Short, because a service that cannot reach the database takes a token until it ends, whatever happens to its account.
LIFETIME_S: Final = 15 * 60
# Clocks of two machines may differ by this much.
LEEWAY_S: Final = 10
# Checking a signature takes about 0.1 ms, a look-up next to nothing. 4,096 tokens are about 3 MB.
MAX_CACHED: Final = 4_096
# Longer than any of ours (about 300 characters): not worth decoding.
MAX_TOKEN_LENGTH: Final = 2_048


# Instead of a token that was not verified yet.
_NOBODY: Final = (Caller(0, "CUSTOMER"), -math.inf)


class InvalidToken(Exception):
    """Permanent: the token is malformed, expired or not one of ours."""


class EndedTokens(NamedTuple):
    """Which tokens of an account ended before their time: those below the `version`, and those of the `log_ins`."""

    version: int
    log_ins: Sequence[UUID] = ()

    def have(self, caller: Caller) -> bool:
        return caller.version < self.version or caller.log_in in self.log_ins


_NONE_ENDED: Final = EndedTokens(0)


class TokenSigner:
    """Makes access tokens. Only order_api has the private key."""

    def __init__(self, private_key: Ed25519PrivateKey, *, key_id: str | None = None) -> None:
        self._key = private_key
        self._headers = {"kid": key_id} if key_id else None

    def sign(self, caller: Caller, *, lifetime_s: int = LIFETIME_S) -> str:
        now = int(time.time())
        claims = {
            "sub": str(caller.account_id),
            "role": caller.role,
            "ver": caller.version,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lifetime_s,
            "jti": uuid4().hex,
        }
        if caller.log_in is not None:
            claims["sid"] = caller.log_in.hex
        return jwt.encode(claims, self._key, ALGORITHM, self._headers)


class TokenVerifier:
    """Checks access tokens, and remembers the good ones until they end. Of several keys a token names its own (`kid`)."""

    def __init__(self, keys: Sequence[VerifyingKey]) -> None:
        self._keys = {key.kid: key for key in keys}
        self._verified: dict[str, tuple[Caller, float]] = {}
        self._ended: Mapping[int, EndedTokens] = {}

    @property
    def keys(self) -> list[VerifyingKey]:
        """Those by which a token can be good now, the current one first."""
        return [key for key in self._keys.values() if _end_of(key) > time.time()]

    def verify(self, token: str) -> Caller:
        """The caller that the token was given to.

        Raises:
            InvalidToken: for whatever reason; the message is fit for the client.
        """
        caller, ends_at = self._verified.get(token, _NOBODY)
        if time.time() >= ends_at:
            caller, ends_at = self._check(token)
            if len(self._verified) >= MAX_CACHED:
                self._verified.pop(next(iter(self._verified)))  # the oldest one
            self._verified[token] = caller, ends_at
        if self._ended.get(caller.account_id, _NONE_ENDED).have(caller):
            raise InvalidToken("the token has ended before its time; log in again")
        return caller

    def end(self, ended: Mapping[int, EndedTokens]) -> None:
        """These tokens of these accounts are good no more; of other accounts all are."""
        self._ended = ended

    def replace_keys(self, keys: Sequence[VerifyingKey]) -> None:
        """Tokens by other keys are good no more."""
        self._keys = {key.kid: key for key in keys}
        self._verified.clear()

    def _check(self, token: str) -> tuple[Caller, float]:
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken("the token is not valid")
        try:
            key = self._key_of(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": ["sub", "role", "exp", "iat"]},
            )
            # A pod of the release before signs without a version or log-in, a command of the system's owner without the latter.
            account_id, role, version = int(claims["sub"]), claims["role"], int(claims.get("ver", 0))
            log_in = UUID(claims["sid"]) if "sid" in claims else None
        except jwt.ExpiredSignatureError as error:
            raise InvalidToken("the token has expired") from error
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("the token is not valid") from error
        if role not in get_args(Role):
            raise InvalidToken("the token is not valid")
        ends_at = min(claims["exp"] + LEEWAY_S, _end_of(key))
        return Caller(account_id, role, version, log_in, ends_at), ends_at

    def _key_of(self, kid: str | None) -> VerifyingKey:
        """The current key for a token that names none."""
        keys = self.keys
        found = next((key for key in keys if kid in (None, key.kid)), None)
        if found is None:
            raise InvalidToken("the token is not valid")
        return found


def _end_of(key: VerifyingKey) -> float:
    return key.until.timestamp() if key.until else math.inf
