"""What the shop's pages are asked, and what their forms send."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query
from pydantic import Field, StringConstraints

from ordercast.client.order_answers import Review
from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.log_in.schemas import Form, Text
from ordercast.services.console.schemas import NONE_IF_EMPTY, After
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER, WITHOUT_NUL

# Of order_api.
MAX_REVIEW: Final = 4_000


@dataclass(frozen=True, slots=True)
class ProductsQuestion:
    """Products with a part of their name or SKU."""

    search: Search = ""
    starting_after: After = None


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """`reviewed`: this is where a review led back to; `reviews_after` is the last review of the page before. Neither is a further
    look at the product."""

    reviewed: Annotated[bool, Query()] = False
    reviews_after: After = None

    @property
    def counts(self) -> bool:
        return not self.reviewed and self.reviews_after is None


class IntoCartForm(Form):
    """`key` names the act: sent twice, it is told to order_api once."""

    quantity: Text = "1"
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class ReviewForm(Form):
    """`review` is the one that is changed; none, where it is the first of its author."""

    review: Annotated[Annotated[int, Field(ge=1, le=MAX_ID)] | None, PLAIN_INTEGER, NONE_IF_EMPTY] = None
    rating: Annotated[int, PLAIN_INTEGER, Field(ge=1, le=5)] = 5
    text: Annotated[str, StringConstraints(max_length=2 * MAX_REVIEW), WITHOUT_NUL] = ""

    @classmethod
    def of(cls, own: Review | None) -> "ReviewForm":
        return cls(review=own.id, rating=own.rating, text=own.text) if own else cls()

    @property
    def plain_text(self) -> str:
        """A browser sends each line end as two characters."""
        return self.text.replace("\r\n", "\n")
