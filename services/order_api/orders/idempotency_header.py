"""The headers Idempotency-Key, and Idempotency-Replayed of its answers."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Header, Response

from ordercast.services.order_api.errors import InvalidKey
from ordercast.services.order_api.orders.idempotency import MAX_KEY_LENGTH, KeyedAnswer

REPLAYED: Final = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Repeats with this key and the same body get the first answer again, for 24 hours.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_KEY_LENGTH},
    ),
]


def checked(key: str | None) -> str | None:
    """The key, if the request has one.

    Raises:
        InvalidKey: it is empty, longer than 255 characters or not printable ASCII.
    """
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidKey(
            f"Idempotency-Key takes 1 to {MAX_KEY_LENGTH} printable ASCII characters",
            fields={"Idempotency-Key": "is empty, too long or not printable"},
        )
    return key


def answered(answer: KeyedAnswer, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer over HTTP; one that was stored says so."""
    told = {**(headers or {}), **({REPLAYED: "true"} if answer.replayed else {})}
    return Response(answer.body, status, told, media_type="application/json")
