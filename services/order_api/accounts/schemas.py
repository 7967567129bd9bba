"""What goes in and out at /accounts and /auth."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, EmailStr, StringConstraints

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.shared.http.caller import Role
from ordercast.services.shared.http.requests import OneLine, RequestModel, StoredText

# NIST SP 800-63B: at least 8. Beyond 128 nobody types, and hashing must stay cheap.
MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 128

LoginType = Literal["PASSWORD", "EXTERNAL"]


class SignUpRequest(RequestModel):
    """A role is never taken from the client: the field is unknown, and so refused."""

    email: EmailStr
    nickname: Annotated[str, OneLine(max_length=64)]
    password: Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]


class PasswordGrant(BaseModel):
    """The form of RFC 6749, 4.3.2. Parameters that it does not name are ignored, as 3.2 there demands."""

    grant_type: Literal["password"] = "password"
    username: StoredText
    password: StoredText


class RefreshRequest(RequestModel):
    refresh_token: StoredText


class AccountAnswer(BaseModel):
    """`email` is null for an account out of a shop's history, which cannot log in."""

    id: int
    email: str | None
    nickname: str
    role: Role
    login_type: LoginType

    @classmethod
    def of(cls, account: Account) -> "AccountAnswer":
        return cls.model_validate(account, from_attributes=True)


class TokenAnswer(BaseModel):
    """`expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
