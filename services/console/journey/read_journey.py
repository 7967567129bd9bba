"""One order from its request to a prediction, from three services at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ordercast.client import Client
from ordercast.client.demand_answers import PairDemand
from ordercast.client.model_answers import CurrentModel, Features, Prediction
from ordercast.client.order_answers import Journey, JourneyEvent, Order, OrderItem
from ordercast.services.console.parts import NO_MODEL, Missing, ask

# Products that are followed; an order may have 2,000 lines.
MOST_PAIRS: Final = 5
NEWEST: Final = 10
NO_FEATURES: Final = "features-not-found"


@dataclass(frozen=True, slots=True)
class PairStep:
    """One product of the order. `counted`: its event is in the feature row; None: nobody can say."""

    item: OrderItem
    features: Features | Missing
    prediction: PairDemand | Prediction | Missing
    counted: bool | None

    @property
    def demand(self) -> PairDemand | None:
        return self.prediction if isinstance(self.prediction, PairDemand) else None

    @property
    def by_views(self) -> Prediction | None:
        return self.prediction if isinstance(self.prediction, Prediction) else None


@dataclass(frozen=True, slots=True)
class OrderJourney:
    as_of: datetime
    order: Order
    journey: Journey | Missing
    pairs: Sequence[PairStep]
    model: CurrentModel | Missing

    @property
    def events(self) -> Sequence[JourneyEvent]:
        return () if isinstance(self.journey, Missing) else self.journey.events

    @property
    def placed(self) -> JourneyEvent | None:
        """The event with which it began."""
        return next(iter(self.events), None)

    @property
    def counted_at(self) -> datetime | None:
        """When all rows were changed by it, at the latest: a view may have come since. None once a later order has changed one."""
        placed = self.placed
        times = []
        for pair in self.pairs:
            row = pair.features
            if placed is None or isinstance(row, Missing) or row.position is None or row.as_of is None:
                return None
            if row.position.orders_offset is None or row.position.orders_offset != placed.offset:
                return None
            times.append(row.as_of)
        return max(times, default=None)

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it by itself."""
        return (
            bool(self.pairs)
            and all(event.state != "waiting" for event in self.events)
            and all(pair.counted for pair in self.pairs)
        )

    @property
    def has_learned(self) -> bool | None:
        """Whether the served model was trained after the order was committed."""
        if isinstance(self.model, Missing) or self.placed is None or self.placed.committed_at is None:
            return None
        return self.model.trained_at > self.placed.committed_at

    @property
    def predictions(self) -> int:
        return sum(not isinstance(pair.prediction, Missing) for pair in self.pairs)

    @property
    def has_no_model(self) -> bool:
        return isinstance(self.model, Missing) and self.model.kind == NO_MODEL


async def read_journey(client: Client, order_id: UUID) -> OrderJourney | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    order, journey, model = await asyncio.gather(
        ask("order_api", client.order_api.order(order_id)),
        ask("order_api", client.order_api.journey(order_id)),
        ask("predictor", client.predictor.current_model("demand")),
    )
    if isinstance(order, Missing):
        return order
    items = list({item.product_id: item for item in order.items}.values())[:MOST_PAIRS]
    offset = None if isinstance(journey, Missing) else _offset_of_first(journey.events)
    pairs = await asyncio.gather(*(_pair(client, order, item, offset) for item in items))
    return OrderJourney(datetime.now(UTC), order, journey, pairs, model)


async def find_order(client: Client, asked: str) -> UUID | Missing | None:
    """An order by its id or the shop's own number."""
    try:
        return UUID(asked)
    except ValueError:
        found = await ask("order_api", client.shop_pages.orders(limit=1, order_ref=asked))
        return found if isinstance(found, Missing) else found.data[0].id if found.data else None


async def newest_orders(client: Client) -> Sequence[Order] | Missing:
    newest = await ask("order_api", client.shop_pages.orders(limit=NEWEST))
    return newest if isinstance(newest, Missing) else newest.data


async def _pair(client: Client, order: Order, item: OrderItem, offset: int | None) -> PairStep:
    features, prediction = await asyncio.gather(
        ask("predictor", client.predictor.features(order.account_id, item.product_id)),
        ask("predictor", client.predictor.pair(order.account_id, item.product_id)),
    )
    return PairStep(item, features, prediction, _is_counted(features, offset))


def _offset_of_first(events: Sequence[JourneyEvent]) -> int | None:
    """Of the event with which the order began: those that follow may change nothing of a row."""
    return events[0].offset if events else None


def _is_counted(features: Features | Missing, offset: int | None) -> bool | None:
    if isinstance(features, Missing):
        return False if features.kind == NO_FEATURES else None
    if offset is None or features.position is None:
        return None
    return features.position.orders_offset is not None and features.position.orders_offset >= offset
