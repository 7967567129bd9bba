"""A page of a list, as each service answers it."""

from typing import Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True):
    data: list[Item]
    has_more: bool
