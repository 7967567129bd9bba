"""The versions, what each was worth on held-out rows, and how that went over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ordercast.client import Client
from ordercast.client.live_answers import LiveAccuracy
from ordercast.client.model_answers import Model
from ordercast.contracts.demand_manifest import DEMAND
from ordercast.services.console.models.over_time import Judged, OverTime, over_time
from ordercast.services.console.parts import Missing, ask

MOST: Final = 50
RECIPES: Final = (DEMAND, "baseline")
# What baseline answers, beside the questions of demand.
VIEWS: Final = "views"
NETWORKS: Final = "networks"


@dataclass(frozen=True, slots=True)
class Figure:
    """Of one question: Poisson deviance on held-out rows, and by which share it is less than that of the best other answer."""

    question: str
    deviance: float
    better_by: float | None


@dataclass(frozen=True, slots=True)
class Row:
    model: Model
    figures: Sequence[Figure]

    @property
    def serves(self) -> bool:
        return self.model.state == "current"

    @property
    def may_be_served(self) -> bool:
        return self.model.state != "refused" and not (self.serves and self.model.pinned)


@dataclass(frozen=True, slots=True)
class OfRecipe:
    recipe: str
    rows: Sequence[Row]
    trends: Sequence[OverTime]

    @property
    def pinned(self) -> Model | None:
        return next((row.model for row in self.rows if row.model.pinned), None)


@dataclass(frozen=True, slots=True)
class Models:
    as_of: datetime
    recipes: Sequence[OfRecipe]
    # The last of the page before, and that of this one if there are more.
    after: str | None = None
    next_after: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """What the predictions of the version that serves demand have come to, beside its held-out figures."""

    version: str
    accuracy: LiveAccuracy | Missing


async def read_models(client: Client, after: str | None = None) -> Models | Missing:
    """The newest, or those before one.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    found = await ask("predictor", client.predictor.models_page(MOST, after))
    if isinstance(found, Missing):
        return found
    rows = [Row(model, list(_figures(model))) for model in found.data]
    recipes = [_of_recipe(recipe, [row for row in rows if row.model.recipe == recipe]) for recipe in RECIPES]
    return Models(datetime.now(UTC), recipes, after, rows[-1].model.version if found.has_more else None)


async def read_live(client: Client, models: Models | Missing) -> Live | None:
    """None if no version of demand serves.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    rows = [] if isinstance(models, Missing) else [row for of in models.recipes for row in of.rows]
    current = next((row.model.version for row in rows if row.serves and row.model.recipe == DEMAND), None)
    return Live(current, await ask("predictor", client.predictor.live(current))) if current else None


def _of_recipe(recipe: str, rows: Sequence[Row]) -> OfRecipe:
    judged: dict[str, list[Judged]] = {}
    for row in reversed(rows):
        # What says how good it was says when it was trained, too.
        trained_at = row.model.trained_at or row.model.published_at
        for figure in row.figures:
            one = Judged(row.model.version, trained_at, figure.deviance, row.serves)
            judged.setdefault(figure.question, []).append(one)
    return OfRecipe(recipe, rows, [over_time(question, versions) for question, versions in judged.items()])


def _figures(model: Model) -> Iterator[Figure]:
    """None of a version whose files are gone, or from before there was a judgement."""
    if model.judgement is not None:
        judged = model.judgement
        yield Figure(
            VIEWS, judged.deviance, 1 - judged.deviance / judged.mean_deviance if judged.mean_deviance else None
        )
    for question, found in ((model.metrics or {}).get("questions") or {}).items():
        own = next((score["deviance"] for score in found["scores"] if score["name"] == NETWORKS), None)
        if own is not None:
            yield Figure(question, own, min(found["better_than"].values(), default=None))
