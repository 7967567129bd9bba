"""What goes in and out at /api-keys."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

from ordercast.services.order_api.api_keys.manage_api_keys import ShownKey
from ordercast.services.shared.db.api_keys import ApiKey
from ordercast.services.shared.http.access import SCOPES
from ordercast.services.shared.http.requests import MAX_ID, BodyModel, OneLine, Timestamp

# Time to bring a new secret to every program (s): a day, at most a month.
OVERLAP_S: Final = 86_400
MAX_OVERLAP_S: Final = 30 * 86_400


def _in_future(time: datetime) -> datetime:
    if time <= datetime.now(UTC):
        raise ValueError("must lie in the future")
    return time


class NewApiKeyRequest(BodyModel):
    """`account_id` is the caller's own unless an admin says another; without `expires_at` the key is good until it is revoked."""

    name: Annotated[str, OneLine(max_length=100)]
    scopes: Annotated[list[Literal[SCOPES]], Field(min_length=1, max_length=len(SCOPES))]  # type: ignore[valid-type]
    account_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    expires_at: Annotated[Timestamp, AfterValidator(_in_future)] | None = None


class RotationRequest(BodyModel):
    """How long the secret before stays good (s); 0: it ends now."""

    overlap_s: Annotated[int, Field(ge=0, le=MAX_OVERLAP_S)] = OVERLAP_S


class ApiKeyAnswer(BaseModel):
    """`previous_until` is until when the secret before the last rotation is good; `last_used_at` is true to the minute."""

    id: int
    account_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    rotated_at: datetime | None
    previous_until: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyAnswer":
        return cls.model_validate(key, from_attributes=True)


class ShownApiKeyAnswer(ApiKeyAnswer):
    """With the key itself, which is not shown again: only its hash is kept."""

    key: str

    @classmethod
    def shown(cls, shown: ShownKey) -> "ShownApiKeyAnswer":
        return cls(**ApiKeyAnswer.of(shown.row).model_dump(), key=shown.text)
