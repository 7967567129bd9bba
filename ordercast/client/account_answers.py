"""What order_api answers about accounts and their keys, as types. Fields that a newer service adds are passed over."""

from datetime import datetime
from typing import Any

from msgspec import Struct


class Account(Struct, frozen=True):
    id: int
    email: str | None
    nickname: str
    role: str
    login_type: str
    account_ref: str | None = None
    blocked: bool = False
    created_at: datetime | None = None


class AuditLine(Struct, frozen=True):
    """`account_id` did it, `subject` is what it was done to, as a path."""

    id: int
    kind: str
    account_id: int | None
    subject: str | None
    address: str | None
    trace_id: str | None
    details: dict[str, Any]
    recorded_at: datetime


class ApiKey(Struct, frozen=True):
    id: int
    account_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    rotated_at: datetime | None = None
    previous_until: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    key: str | None = None  # where it is made or rotated, and nowhere else


class ResetCode(Struct, frozen=True):
    """Good once, until `expires_at`."""

    code: str
    expires_at: datetime
