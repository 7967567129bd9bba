"""What is asked and answered in one request for many."""

from typing import Annotated, Final, Generic, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.services.predictor.forecast_schemas import (
    DEFAULT_WEEKS,
    ForecastQuestion,
)
from ordercast.services.predictor.forecast_schemas import MAX_LIMIT as MAX_PRODUCTS
from ordercast.services.predictor.load_model import MAX_VIEW_COUNT
from ordercast.services.predictor.model_slot import RecipeName
from ordercast.services.predictor.predict import PairPrediction, Prediction
from ordercast.services.predictor.schemas import MOST_HORIZON, Day, PairQuestion
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL, DEFAULT_SERVICE_LEVEL, LEAST_LEVEL, MOST_LEVEL
from ordercast.services.shared.http.requests import MAX_ID, BodyModel, RequestModel

# Predictions in one request: by `baseline` 0.1 s of work and an answer of 3 MB, by `demand` 0.3 s and 4 MB.
MAX_BATCH: Final = 10_000

ViewCount = Annotated[int, Field(ge=0, le=MAX_VIEW_COUNT)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Level = Annotated[float, Field(ge=LEAST_LEVEL, le=MOST_LEVEL)]

# What may be said beside what is asked for.
OPTIONS: Final = {
    "view_counts": (),
    "pairs": ("recipe", "horizon_days", "level", "as_of"),
    "products": ("weeks", "level", "service_level", "as_of", "recent"),
}


class PairBody(RequestModel):
    account_id: Id
    product_id: Id


class PredictionsBody(BodyModel):
    """Either view counts, or pairs, or products.

    Beside pairs may stand `recipe` (`demand` by default if a version of it is served), `horizon_days`, `level` and `as_of`, beside
    products `weeks`, `level`, `service_level` and `as_of`: each as in a request for one; and `recent`, as of a page of them.
    """

    view_counts: Annotated[list[ViewCount], Field(min_length=1, max_length=MAX_BATCH)] | None = None
    pairs: Annotated[list[PairBody], Field(min_length=1, max_length=MAX_BATCH)] | None = None
    products: Annotated[list[Id], Field(min_length=1, max_length=MAX_PRODUCTS)] | None = None
    recipe: RecipeName | None = None
    horizon_days: Annotated[int, Field(ge=1, le=MOST_HORIZON)] | None = None
    weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS)] | None = None
    level: Level | None = None
    service_level: Level | None = None
    as_of: Day | None = None
    recent: bool | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [kind for kind in OPTIONS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"send one of {', '.join(OPTIONS)}")
        [kind] = kinds
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if unfit := sorted(given - {kind, *OPTIONS[kind]}):
            raise ValueError(f"{unfit[0]} does not go with {kind}")
        return self

    @property
    def pair_question(self) -> PairQuestion:
        return PairQuestion(horizon_days=self.horizon_days, level=self.level, as_of=self.as_of, recipe=self.recipe)

    @property
    def forecast_question(self) -> ForecastQuestion:
        return ForecastQuestion(
            weeks=self.weeks or DEFAULT_WEEKS,
            level=self.level or DEFAULT_LEVEL,
            service_level=self.service_level or DEFAULT_SERVICE_LEVEL,
            as_of=self.as_of,
        )


Item = TypeVar("Item", Prediction, PairPrediction)


class PredictionsAnswer(BaseModel, Generic[Item]):
    """In the order of the request, all from one version of `baseline`."""

    data: list[Item]
    model_version: str
