"""Who sends a request."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["CUSTOMER", "ADMIN"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request."""

    account_id: int
    role: Role

    @property
    def is_admin(self) -> bool:
        return self.role == "ADMIN"
