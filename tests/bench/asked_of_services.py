"""What the console's pages, and a shop's programs, ask the services for: those questions whose cost might grow with the shop."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ordercast.client import Client
from tests.bench.large_shop import ACCOUNTS, account_ref


@dataclass(frozen=True, slots=True)
class Question:
    """`ask` gets the number of the round: an answer that is kept for a moment is asked for in another form each time."""

    name: str
    ask: Callable[[Client, int], Awaitable[Any]]
    rounds: int | None = None

    async def seconds(self, client: Client, number: int) -> float:
        began = time.perf_counter()
        await self.ask(client, number)
        return time.perf_counter() - began


def questions(names: dict[str, Any]) -> list[Question]:
    """About what stands in the `names`."""
    return [*_of_lists(names), *_of_one(names), *_of_predictions(names)]


def _of_lists(names: dict[str, Any]) -> list[Question]:
    today = datetime.now(UTC)
    last = account_ref(ACCOUNTS - 1)

    def orders(name: str, **wanted: Any) -> Question:
        return Question(f"orders: {name}", lambda client, _: client.shop_pages.orders(limit=25, **wanted))

    def products(name: str, **wanted: Any) -> Question:
        return Question(
            f"products: {name}",
            lambda client, number: client.shop_pages.products(limit=25 + number % 50, **wanted),
        )

    def accounts(name: str, **wanted: Any) -> Question:
        return Question(f"accounts: {name}", lambda client, _: client.shop_pages.accounts(limit=25, **wanted))

    def trends(name: str, days: int, product: int | None = None) -> Question:
        def ask(client: Client, number: int) -> Awaitable[Any]:
            first = today.date() - timedelta(days=days + number)
            return client.order_api.trends(product_id=product, first=first, last=today.date())

        return Question(f"trends: {name}", ask)

    return [
        orders("newest"),
        orders("not confirmed", status="PENDING"),
        orders("with the product that is ordered most", product_id=names["product"]),
        orders("with the product that is ordered least", product_id=names["rarest"]),
        orders("of an account", account_id=names["buyer"]),
        orders("of an account that has none", account_id=names["program"]),
        orders("by when they were written", updated_from=today - timedelta(hours=1)),
        orders("of a month, the oldest first", created_from=today - timedelta(days=200), sort="created_at"),
        products("first page"),
        products("search that finds many", search="teapot"),
        products("search that finds nothing", search="no such thing"),
        accounts("search that finds one", search=last),
        accounts("search that finds nothing", search="no such account"),
        accounts("blocked ones", blocked=True),
        accounts("operators", role="OPERATOR"),
        trends("of the shop, 7 days and more", 7),
        trends("of the shop, 300 days and more", 300),
        trends("of a product, 300 days and more", 300, names["product"]),
        Question("dead letters", lambda client, _: client.dead_letters.page()),
        Question(
            "dead letters that were replayed (none)", lambda client, _: client.dead_letters.page(state="replayed")
        ),
        Question(
            "audit log of an account", lambda client, _: client.shop_pages.audit(limit=10, account_id=names["customer"])
        ),
    ]


def _of_one(names: dict[str, Any]) -> list[Question]:
    pair = names["buyer"], names["product"]
    return [
        Question("journey of an order", lambda client, _: client.order_api.journey(UUID(names["order"]))),
        Question("what is known of a pair", lambda client, _: client.pairs.known(*pair)),
        Question("verify this pair now", lambda client, _: client.pairs.verify(*pair), rounds=3),
    ]


def _of_predictions(names: dict[str, Any]) -> list[Question]:
    pair = names["buyer"], names["product"]
    return [
        Question("features of a pair", lambda client, _: client.predictor.features(*pair)),
        Question("prediction of a pair", lambda client, _: client.predictor.demand(*pair)),
        Question("most probable products of an account", lambda client, _: client.predictor.account_demand(pair[0])),
        Question("forecast of a product", lambda client, _: client.predictor.forecast(pair[1])),
        Question("forecasts, by id", lambda client, _: client.predictor.forecasts(sort="id", recent=True)),
        Question("forecasts, most expected first", lambda client, _: client.predictor.forecasts(recent=True)),
        Question(
            "forecasts, most expected in 8 weeks first",
            lambda client, _: client.predictor.forecasts(weeks=8, recent=True),
        ),
        Question("how predictions came out", lambda client, _: client.predictor.live(names["newer_demand"])),
        Question("drift of features", lambda client, _: client.predictor.drift(names["newer_demand"])),
        Question("models", lambda client, _: client.predictor.models(50)),
    ]
