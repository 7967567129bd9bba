"""Lists in pages, by keyset: the next page starts after the last row that the client has, so inserts never shift it.

`db.cut_page` cuts the rows of a query to a page.
"""

from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100

Item = TypeVar("Item")

Limit = Annotated[int, PLAIN_INTEGER, Query(ge=1, le=MAX_LIMIT, description="rows in a page")]
StartingAfter = Annotated[
    int | None, PLAIN_INTEGER, Query(ge=0, le=MAX_ID, description="id of the last row of the page before")
]


class Page(BaseModel, Generic[Item]):
    data: list[Item]
    has_more: bool
