"""What a client shows to be somebody."""

from dataclasses import dataclass

import msgspec

from ordercast.client.errors import ApiKeyUnusable


@dataclass(frozen=True, slots=True)
class Login:
    email: str
    password: str

    def __repr__(self) -> str:
        return f"Login(email={self.email!r})"  # a password has no place in a log


@dataclass(frozen=True, slots=True)
class ApiKey:
    """In place of a log-in: it is sent as it is, with each request.

    Raises:
        ApiKeyUnusable: no header can hold it. An error of the request would come late, and with the key in its text.
    """

    key: str

    def __post_init__(self) -> None:
        if not (self.key.isascii() and self.key.isprintable() and self.key.strip() == self.key != ""):
            raise ApiKeyUnusable(
                "what was given as an API key is none: it has other characters than letters, digits, - and _"
            )

    def __repr__(self) -> str:
        return "ApiKey()"


class Tokens(msgspec.Struct, frozen=True):
    """What `POST /auth/token` answers; `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
