"""What an account will order of a product, and what `baseline` says of each number of views."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from ordercast.client import Client
from ordercast.client.account_answers import Account
from ordercast.client.demand_answers import PairDemand
from ordercast.client.model_answers import Features, Prediction, Predictions
from ordercast.client.order_answers import Product
from ordercast.services.console.parts import Missing, ask
from ordercast.services.console.predict.choose import Choice, choose_account, choose_product

# Views to which the curve may go: in a hundred steps, of 1 to 1,000 views.
WIDTHS: Final = (100, 1_000, 10_000, 100_000)
STEPS: Final = 100
MOST_VIEWS: Final = WIDTHS[-1]
# Where the slider stands unless the pair or the reader says otherwise.
FIRST_VIEWS: Final = 5_000
REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Curve:
    """`baseline`'s answer to numbers of views from 0 on, a `step` apart; `at` is the one that is told in words."""

    predictions: Predictions
    at: int
    step: int

    @property
    def told(self) -> Prediction:
        return self.predictions.data[self.at // self.step]

    @property
    def plot(self) -> dict[str, Any]:
        answers = self.predictions.data
        return {
            "kind": "views",
            "at": self.at,
            "x": [one.view_count for one in answers],
            "mean": [_drawn(one.quantity) for one in answers],
            "low": [_drawn(one.quantity - one.spread) for one in answers],
            "high": [_drawn(one.quantity + one.spread) for one in answers],
            "members": [
                [_drawn(value) for value in member] for member in zip(*(one.members for one in answers), strict=True)
            ],
        }


@dataclass(frozen=True, slots=True)
class PredictPage:
    """`answer` is of the pair, if one was chosen."""

    account: Choice[Account]
    product: Choice[Product]
    answer: PairDemand | Prediction | Missing | None
    views: int | None
    curve: Curve | Missing

    @property
    def demand(self) -> PairDemand | None:
        return self.answer if isinstance(self.answer, PairDemand) else None

    @property
    def by_views(self) -> Prediction | None:
        return self.answer if isinstance(self.answer, Prediction) else None


async def read_prediction(
    client: Client,
    *,
    account_search: str,
    product_search: str,
    account: int | None,
    product: int | None,
    views: int | None,
    up_to: str | None,
) -> PredictPage:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    who, what = await asyncio.gather(
        choose_account(client, account_search, account), choose_product(client, product_search, product)
    )
    answer: PairDemand | Prediction | Missing | None = None
    viewed: int | None = None
    if who.chosen and what.chosen:
        answer, features = await asyncio.gather(
            ask("predictor", client.predictor.pair(who.chosen.id, what.chosen.id)),
            ask("predictor", client.predictor.features(who.chosen.id, what.chosen.id)),
        )
        viewed = features.view_count if isinstance(features, Features) else None
    at = views if views is not None else viewed if viewed is not None else FIRST_VIEWS
    return PredictPage(who, what, answer, viewed, await _curve(client, at, int(up_to) if up_to else None))


def _drawn(value: float) -> float:
    """Of small answers, too, finer than a pixel: decimals alone would make a staircase of them."""
    return float(f"{value:.4g}")


async def _curve(client: Client, at: int, up_to: int | None) -> Curve | Missing:
    """As wide as it was asked for, else as narrow as holds `at`, which is moved to the step below."""
    width = up_to or next((width for width in WIDTHS if at <= width), MOST_VIEWS)
    step = width // STEPS
    answer = await ask("predictor", client.predictor.predict_views(range(0, width + 1, step)))
    return answer if isinstance(answer, Missing) else Curve(answer, min(at, width) // step * step, step)
