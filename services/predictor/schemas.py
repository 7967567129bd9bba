"""What requests and answers look like."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Generic, Self, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, model_validator

from ordercast.contracts.features import FEATURES
from ordercast.services.predictor.load_model import MAX_VIEW_COUNT
from ordercast.services.predictor.predict import PairPrediction, Prediction
from ordercast.services.shared.db.features import FeatureRow
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER, RequestModel

# Predictions in one request: 0.1 s of work and an answer of 3 MB.
MAX_BATCH: Final = 10_000


ViewCount = Annotated[int, Field(ge=0, le=MAX_VIEW_COUNT)]
ViewCountQuery = Annotated[
    int, PLAIN_INTEGER, Query(ge=0, le=MAX_VIEW_COUNT, description="views of a product by an account")
]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class PairBody(RequestModel):
    account_id: Id
    product_id: Id


class PredictionsBody(RequestModel):
    """Either view counts or pairs."""

    view_counts: Annotated[list[ViewCount], Field(min_length=1, max_length=MAX_BATCH)] | None = None
    pairs: Annotated[list[PairBody], Field(min_length=1, max_length=MAX_BATCH)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.view_counts is None) == (self.pairs is None):
            raise ValueError("send either view_counts or pairs")
        return self


Item = TypeVar("Item", Prediction, PairPrediction)


class PredictionsAnswer(BaseModel, Generic[Item]):
    """In the order of the request, all from one model version."""

    data: list[Item]
    model_version: str


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
