"""Lists in pages, by keyset: the next page starts after the last row that the client has, so inserts never shift it.

`db.cut_page` cuts the rows of a query to a page.
"""

import re
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel

from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100

Item = TypeVar("Item")
_ID: Final = re.compile(r"[0-9]{1,19}", re.ASCII)

Limit = Annotated[int, PLAIN_INTEGER, Query(ge=1, le=MAX_LIMIT, description="rows in a page")]
StartingAfter = Annotated[
    int | None, PLAIN_INTEGER, Query(ge=0, le=MAX_ID, description="id of the last row of the page before")
]


def ids_of(text: str) -> frozenset[int]:
    """Raises ValueError: it is none of those lists that `Ids` is."""
    parts = text.split(",")
    if not all(_ID.fullmatch(part) for part in parts) or len(parts) > MAX_LIMIT:
        raise ValueError(f"must be ids with commas between them, {MAX_LIMIT} at most")
    ids = frozenset(map(int, parts))
    if max(ids) > MAX_ID:
        raise ValueError(f"has an id beyond {MAX_ID}")
    return ids


def _checked(text: str) -> str:
    ids_of(text)
    return text


# One parameter, since none may come twice; as many as a page has rows.
Ids = Annotated[
    str,
    AfterValidator(_checked),
    Query(
        min_length=1,
        max_length=MAX_LIMIT * (len(str(MAX_ID)) + 1),
        description=f"only those with these ids, as far as they are there: with commas, {MAX_LIMIT} at most",
        examples=["1,2,3"],
    ),
]


class Page(BaseModel, Generic[Item]):
    data: list[Item]
    has_more: bool
