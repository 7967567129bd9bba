"""Who sends a request."""

import math
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from uuid import UUID

# What each may do: `access.py`.
Role = Literal["CUSTOMER", "SERVICE", "OPERATOR", "ADMIN"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request."""

    account_id: int
    role: Role
    # That of the account's tokens: one with a smaller number has ended (`follow_ended_tokens.py`).
    version: int = field(default=0, compare=False)
    # Which log-in of the account the token is of, None with an API key; it may end before the token does.
    log_in: UUID | None = field(default=None, compare=False)
    # When the token or key ends that says so (Unix, s).
    ends_at: float = field(default=math.inf, compare=False)
    # Whether it does what it asks for on behalf of every account, not only of its own: the table of `access.py`.
    for_all: bool = field(default=False, compare=False)
    # From which network address, behind a proxy the proxy's.
    address: str | None = field(default=None, compare=False)
    # Of an API key; None with a token, which is for all that its role may do.
    scopes: frozenset[str] | None = None
