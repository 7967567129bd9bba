"""What goes in and out at /accounts and /auth."""

from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, WithJsonSchema

from ordercast.contracts.passwords import LEAST_MIN_LENGTH, MAX_LENGTH, MIN_LENGTH
from ordercast.services.order_api.accounts import email_addresses, nicknames, passwords
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.shared.http.caller import Role
from ordercast.services.shared.http.requests import WITHOUT_NUL, BodyModel, ChangeModel, OneLine, StoredText

LoginType = Literal["PASSWORD", "EXTERNAL"]


Email = Annotated[
    str,
    AfterValidator(email_addresses.normal_form),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": email_addresses.MAX_LENGTH}),
]
# As the address of a new account; another text is nobody's address, and so no error.
KnownEmail = Annotated[
    str,
    StringConstraints(max_length=email_addresses.MAX_LENGTH),
    WITHOUT_NUL,
    AfterValidator(email_addresses.as_signed_up),
]
# The length is that of the form which is stored.
Nickname = Annotated[
    str, OneLine(max_length=64), AfterValidator(nicknames.shown_form), StringConstraints(max_length=64)
]
Password = Annotated[
    str,
    AfterValidator(passwords.normal_form),
    StringConstraints(min_length=LEAST_MIN_LENGTH, max_length=MAX_LENGTH),
    Field(description=f"{MIN_LENGTH} characters at least (ORDERCAST_PASSWORD_MIN_LENGTH), and none that is common"),
]


# As somebody types one to get in, which may be another's or nobody's; one from before may be longer than a new one.
TypedPassword = Annotated[str, StringConstraints(max_length=1_024), WITHOUT_NUL]
# Ours have 43 characters.
RefreshToken = Annotated[str, StringConstraints(max_length=256), WITHOUT_NUL]


class SignUpRequest(BodyModel):
    """A role is never taken from the client: the field is unknown, and so refused."""

    email: Email
    nickname: Nickname
    password: Password


class PasswordChange(BodyModel):
    """`revoke_api_keys` ends the account's API keys, too."""

    old_password: TypedPassword
    new_password: Password
    revoke_api_keys: bool = False


class AccountChangeRequest(ChangeModel):
    """The fields to change; the others stay as they are."""

    role: Role | None = None
    blocked: bool | None = None


class PasswordGrant(BaseModel):
    """The form of RFC 6749, 4.3.2. Parameters that it does not name are ignored, as 3.2 there demands."""

    grant_type: Literal["password"] = "password"
    username: KnownEmail
    password: TypedPassword


class RefreshRequest(BodyModel):
    refresh_token: RefreshToken


class PasswordResetRequest(BodyModel):
    """`code`: as an admin had it; hyphens, blanks and the size of its letters make no difference."""

    email: KnownEmail
    code: Annotated[StoredText, StringConstraints(max_length=100)]
    new_password: Password


class ResetCodeAnswer(BaseModel):
    """Told this once."""

    code: str
    expires_at: datetime


class AccountAnswer(BaseModel):
    """`email` is null for an account out of a shop's history, which cannot log in; `account_ref` is the shop's own name for it.

    A `blocked` account can neither log in nor refresh its tokens.
    """

    id: int
    email: str | None
    nickname: str
    role: Role
    login_type: LoginType
    account_ref: str | None
    blocked: bool
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> "AccountAnswer":
        return cls(
            id=account.id,
            email=account.email,
            nickname=account.nickname,
            role=cast("Role", account.role),
            login_type=cast("LoginType", account.login_type),
            account_ref=account.account_ref,
            blocked=account.blocked_at is not None,
            created_at=account.created_at,
        )


class TokenAnswer(BaseModel):
    """`expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
