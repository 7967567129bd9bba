"""What requests and answers look like."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Self

from fastapi import Query
from pydantic import AfterValidator, BaseModel

from ordercast.contracts.because import sentence
from ordercast.contracts.features import FEATURES
from ordercast.services.predictor.errors import InvalidQuestion
from ordercast.services.predictor.load_model import MAX_VIEW_COUNT
from ordercast.services.predictor.model_slot import RecipeName
from ordercast.services.shared.db.features import FeatureRow
from ordercast.services.shared.demand.conformal import LEAST_LEVEL, MOST_LEVEL
from ordercast.services.shared.http.paging import MAX_LIMIT
from ordercast.services.shared.http.requests import PLAIN_INTEGER, PLAIN_NUMBER, CalendarDate

# The first day of which anything may be asked.
EARLIEST: Final = date(1970, 1, 1)


def _not_before_earliest(day: date) -> date:
    if day < EARLIEST:
        raise ValueError(f"must be {EARLIEST} or later")
    return day


# pydantic's own `ge` would say `datetime.date(1970, 1, 1)`.
Day = Annotated[CalendarDate, AfterValidator(_not_before_earliest)]

ViewCountQuery = Annotated[
    int, PLAIN_INTEGER, Query(ge=0, le=MAX_VIEW_COUNT, description="views of a product by an account")
]


class Position(BaseModel):
    """The last event of each topic that changed the row, in the account's partition."""

    partition: int
    orders_offset: int | None
    views_offset: int | None


class FeaturesAnswer(BaseModel):
    """What is known of an account and a product; the fields are defined in `ordercast.contracts.features`."""

    account_id: int
    product_id: int
    first_ordered_at: datetime | None
    first_quantity: int | None
    first_order_quantity: int | None
    first_price: Decimal | None
    order_count: int
    total_quantity: int
    cancelled_quantity: int
    view_count: int
    views_before_first_order: int
    last_viewed_at: datetime | None
    last_ordered_at: datetime | None
    position: Position
    as_of: datetime

    @classmethod
    def of(cls, row: FeatureRow) -> Self:
        return cls(
            account_id=row.account_id,
            product_id=row.product_id,
            **{feature.name: getattr(row, feature.name) for feature in FEATURES},
            position=Position(partition=row.partition, orders_offset=row.orders_offset, views_offset=row.views_offset),
            as_of=row.updated_at,
        )


Level = Annotated[
    float,
    PLAIN_NUMBER,
    Query(ge=LEAST_LEVEL, le=MOST_LEVEL, description="probability of the interval, of `demand`; 0.9 by default"),
]
ProductLimit = Annotated[int, PLAIN_INTEGER, Query(ge=1, le=MAX_LIMIT, description="products in the answer")]
# Days; each version answers for one horizon, all for shorter ones than this.
MOST_HORIZON: Final = 366
Horizon = Annotated[
    int,
    PLAIN_INTEGER,
    Query(ge=1, le=MOST_HORIZON, description="days, of `demand`: those of the version that is served"),
]
AsOf = Annotated[
    Day,
    Query(description="of `demand`: as known at the end of this day (UTC); now by default"),
]


@dataclass(frozen=True, slots=True)
class DemandQuestion:
    """What `demand` is asked; each part may be left out."""

    horizon_days: Horizon | None = None
    level: Level | None = None
    as_of: AsOf | None = None

    def expect_horizon(self, served: int) -> None:
        """Raises InvalidQuestion for another horizon than the served version's."""
        if self.horizon_days not in (None, served):
            raise InvalidQuestion(
                sentence("another-horizon", served=served, asked=str(self.horizon_days)),
                fields={"horizon_days": f"must be {served}"},
            )


@dataclass(frozen=True, slots=True)
class PairQuestion(DemandQuestion):
    """The same, or the answer of another recipe."""

    recipe: Annotated[RecipeName | None, Query(description="`demand` by default if a version of it is served")] = None

    def recipe_of(self, serves_demand: bool) -> RecipeName:
        """Whose answer is meant.

        Raises:
            InvalidQuestion: `baseline` is asked for what only `demand` has.
        """
        asked = [name for name in ("horizon_days", "level", "as_of") if getattr(self, name) is not None]
        if self.recipe == "baseline" and asked:
            raise InvalidQuestion(
                sentence("not-of-baseline", name=asked[0]),
                fields=dict.fromkeys(asked, "is for the recipe demand"),
            )
        return self.recipe or ("demand" if asked or serves_demand else "baseline")
