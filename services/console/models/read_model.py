"""One version: what it was worth on held-out rows, what its predictions have come to since, and how it learned."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ordercast.client import Client
from ordercast.client.compare_models import Comparison, NotComparable, compare
from ordercast.client.live_answers import Drift, LiveAccuracy
from ordercast.client.model_answers import Model
from ordercast.contracts.because import Because
from ordercast.contracts.demand_manifest import DEMAND
from ordercast.services.console.loss_curves import LossCurves, curves_of
from ordercast.services.console.models.read_models import MOST
from ordercast.services.console.parts import Missing, ask, nothing


@dataclass(frozen=True, slots=True)
class OneModel:
    """`live` and `drift` are of versions of demand alone; `others` are versions that it can be compared with."""

    as_of: datetime
    model: Model
    live: LiveAccuracy | Missing | None
    drift: Drift | Missing | None
    others: Sequence[str]

    @property
    def curves(self) -> list[LossCurves]:
        return curves_of(self.model.manifest or {})

    @property
    def because(self) -> Because | None:
        """What was found of a version of demand, as data."""
        found = (self.model.manifest or {}).get("because")
        return msgspec.convert(found, Because) if found else None

    @property
    def questions(self) -> dict[str, Any]:
        """Of a version of demand: what was found by question."""
        found: dict[str, Any] = (self.model.metrics or {}).get("questions") or {}
        return found


async def read_model(client: Client, version: str) -> OneModel | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    model, models = await asyncio.gather(
        ask("predictor", client.predictor.model(version)), ask("predictor", client.predictor.models(MOST))
    )
    if isinstance(model, Missing):
        return model
    looked_after = model.recipe == DEMAND
    live, drift = await asyncio.gather(
        ask("predictor", client.predictor.live(version)) if looked_after else nothing(),
        ask("predictor", client.predictor.drift(version)) if looked_after else nothing(),
    )
    known = [] if isinstance(models, Missing) else models
    others = [one.version for one in known if one.recipe == model.recipe and one.version != version]
    return OneModel(datetime.now(UTC), model, live, drift, others)


async def read_comparison(client: Client, first: str, second: str) -> Comparison | Missing:
    """What `ordercast models diff` says of two versions.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    models = await asyncio.gather(*(ask("predictor", client.predictor.model(version)) for version in (first, second)))
    for model in models:
        if isinstance(model, Missing):
            return model
    try:
        return compare(*(model for model in models if isinstance(model, Model)))
    except NotComparable as error:
        return Missing("predictor", str(error), kind="not-comparable", status=422)
