"""Sends documents to the API, a chunk in each request. What it refuses comes back by its place in the chunk."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from ordercast.client import Client
from ordercast.client.order_answers import RefusedLine
from ordercast.client.order_api import ndjson
from ordercast.contracts.because import Sentence
from ordercast.imports.documents.orders import Order
from ordercast.imports.documents.simulated_views import simulate_views
from ordercast.imports.documents.views_and_products import Document
from ordercast.imports.sent_batches import SentBatches
from ordercast.imports.sent_views import Prefix, SentViews, kind_of

# Rows in one request: some 1 MB, a second's work for the API, and no more views than a batch may have.
CHUNK_ROWS: Final = 8_000

OnConflict = Literal["refuse", "replace"]


class Sender(Protocol):
    """`counts` are what the API says it did."""

    counts: Counter[str]

    async def send(self, documents: Sequence[Any]) -> dict[int, str]:
        """Sends them. Returns the reasons of those that were refused, by their place from 0."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatedViews:
    """Asks for simulated views. `sent` keeps a second run from adding them again."""

    seed: int
    sent: SentBatches


class OrderSender:
    def __init__(
        self, admin: Client, currency: str | None, on_conflict: OnConflict, simulated: SimulatedViews | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._admin = admin
        self._currency = currency
        self._on_conflict = on_conflict
        self._simulated = simulated

    async def send(self, documents: Sequence[Order]) -> dict[int, str]:
        answer = await self._admin.order_api.import_orders(
            (order.line for order in documents),
            create_missing=True,
            currency=self._currency,
            on_conflict=self._on_conflict,
        )
        self.counts["orders_created"] += answer.created
        self.counts["orders_repeated"] += answer.repeated
        self.counts["orders_changed"] += answer.changed
        self.counts["orders_replaced"] += answer.replaced
        refused = _by_place(answer.refused)
        if self._simulated is not None:
            came_in = [order for place, order in enumerate(documents) if place not in refused]
            await self._send_views(came_in, self._simulated)
        return refused

    async def _send_views(self, orders: Sequence[Order], views: SimulatedViews) -> None:
        lines = [line for order in orders for line in simulate_views(order, views.seed)]
        for start in range(0, len(lines), CHUNK_ROWS):
            batch = lines[start : start + CHUNK_ROWS]
            # The views are their own name: the same ones are never added twice, whatever else the file holds.
            key = hashlib.sha256(ndjson(batch)).hexdigest()
            if key in views.sent:
                self.counts["simulated_views_sent_before"] += len(batch)
                continue
            self.counts["simulated_views"] += (await self._admin.order_api.add_views(batch, key=key)).accepted
            views.sent.add(key)


class ProductSender:
    def __init__(self, admin: Client) -> None:
        self.counts: Counter[str] = Counter()
        self._admin = admin

    async def send(self, documents: Sequence[Document]) -> dict[int, str]:
        answer = await self._admin.order_api.import_products(document.line for document in documents)
        self.counts["products_created"] += answer.created
        self.counts["products_changed"] += answer.changed
        self.counts["products_unchanged"] += answer.unchanged
        return _by_place(answer.refused)


class ViewSender:
    """Sends views and carts, each for itself: a file whose views alone were sent before has its carts added."""

    def __init__(self, admin: Client, currency: str | None, sent: SentViews, sent_before: Mapping[str, int]) -> None:
        """`sent_before`: of each kind, how many from the first are in the system already."""
        self.counts: Counter[str] = Counter()
        self._admin = admin
        self._currency = currency
        self._sent = sent
        self._sent_before = sent_before
        self._prefixes = defaultdict[str, Prefix](Prefix)

    async def send(self, documents: Sequence[Document]) -> dict[int, str]:
        by_kind = defaultdict[str, list[int]](list)
        for place, document in enumerate(documents):
            by_kind[kind_of(document.line)].append(place)
        refused: dict[int, str] = {}
        for kind, places in by_kind.items():
            reasons = await self._send(kind, [documents[place].line for place in places])
            refused |= {places[place]: reason for place, reason in reasons.items()}
        return refused

    async def _send(self, kind: str, lines: Sequence[dict[str, Any]]) -> dict[int, str]:
        prefix = self._prefixes[kind]
        known = min(max(self._sent_before.get(kind, 0) - prefix.count, 0), len(lines))
        for line in lines:
            prefix.add(line)
        self.counts[f"{kind}s_sent_before"] += known
        if not lines[known:]:
            return {}
        answer = await self._admin.order_api.add_views(
            lines[known:], key=prefix.name, create_missing=True, currency=self._currency
        )
        self._sent.add(prefix)
        self.counts[f"{kind}s_added"] += answer.accepted
        return {known + place: reason for place, reason in _by_place(answer.refused).items()}


def _by_place(refused: Sequence[RefusedLine]) -> dict[int, str]:
    return {line.line - 1: _by_the_api(line) for line in refused}


def _by_the_api(line: RefusedLine) -> str:
    said = f"refused by the API: {line.reason}"
    return Sentence(said, line.because) if line.because else said
