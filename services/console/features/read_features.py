"""What is known of an account and a product, how fresh that is, and why the model answers as it does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from ordercast.client import Client
from ordercast.client.account_answers import Account
from ordercast.client.demand_answers import PairDemand
from ordercast.client.model_answers import Prediction
from ordercast.client.order_answers import Product
from ordercast.client.pair_answers import KnownPair, Verification
from ordercast.contracts.features import FEATURES, FeatureDefinition
from ordercast.services.console.overview.look_at_services import look_at_services
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask
from ordercast.services.console.predict.choose import Choice, choose_account, choose_product

WORKER: Final = "feature_worker"


@dataclass(frozen=True, slots=True)
class FeaturesPage:
    """`known` and `answer` are of the pair, if one was chosen; `lag_s` is the worker's longest, if it tells."""

    account: Choice[Account]
    product: Choice[Product]
    known: KnownPair | Missing | None = None
    answer: PairDemand | Prediction | Missing | None = None
    lag_s: float | None = None
    verified: Verification | Missing | None = None

    @property
    def meanings(self) -> Sequence[FeatureDefinition]:
        return FEATURES

    @property
    def demand(self) -> PairDemand | None:
        return self.answer if isinstance(self.answer, PairDemand) else None

    @property
    def changed_s(self) -> float | None:
        """How long before it was read the row was last changed."""
        if not isinstance(self.known, KnownPair) or self.known.row is None:
            return None
        return (self.known.as_of - self.known.row.updated_at).total_seconds()


async def read_features(
    client: Client,
    probes: httpx.AsyncClient,
    services: Mapping[str, str],
    *,
    account_search: str,
    product_search: str,
    account: int | None,
    product: int | None,
    verify: bool = False,
) -> FeaturesPage:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    who, what = await asyncio.gather(
        choose_account(client, account_search, account), choose_product(client, product_search, product)
    )
    if not (who.chosen and what.chosen):
        return FeaturesPage(who, what)
    pair = who.chosen.id, what.chosen.id
    # Before what it judges is read.
    verified = await ask("order_api", client.pairs.verify(*pair), within_s=ACTION_DEADLINE_S) if verify else None
    known, answer, workers = await asyncio.gather(
        ask("order_api", client.pairs.known(*pair)),
        ask("predictor", client.predictor.pair(*pair)),
        look_at_services(probes, {name: url for name, url in services.items() if name.startswith(WORKER)}),
    )
    lags = [worker.lag_s for worker in workers if worker.lag_s is not None]
    return FeaturesPage(who, what, known, answer, max(lags, default=None), verified)
