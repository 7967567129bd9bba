"""Who sends a request."""

import math
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["CUSTOMER", "ADMIN"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request."""

    account_id: int
    role: Role
    # When the token ends that says so (Unix, s).
    ends_at: float = field(default=math.inf, compare=False)

    @property
    def is_admin(self) -> bool:
        return self.role == "ADMIN"
