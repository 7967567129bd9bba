"""An order's way as order_api and the predictor tell it: how far it is, the test sets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ORDER: Final = UUID("0199c1b2-7d5e-7c3a-9b1f-2d4e6f8a0b1c")
PLACED_AT: Final = datetime(2026, 11, 26, 9, 30, 0, 120_000, tzinfo=UTC)
TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class Way:
    """Without `there` is no such order. `offset` is where its event lies, once it is published; how far the feature rows are,
    `Predictions.counted` says."""

    there: bool = True
    products: int = 2
    state: str = "published"
    offset: int | None = 17
    reason: str | None = None
    kafka: str | None = None
    # Pieces of each line.
    taken_back: int = 0
    more_events: list[dict[str, Any]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/orders/{order_id}/journey", self.journey),
        ]

    def listed(self) -> list[dict[str, Any]]:
        return [self._order()] if self.there else []

    def _order(self) -> dict[str, Any]:
        items = [
            {"line": 1 + place, "product_id": 1 + place, "quantity": 2, "unit_price": "12.50", "line_total": "25.00"}
            | {"sku": f"P-{1 + place}", "cancelled_quantity": self.taken_back}
            for place in range(self.products)
        ]
        return {
            "id": str(ORDER),
            "order_ref": "1001",
            "account_id": 11,
            "account_ref": None,
            "kind": "order",
            "status": "CONFIRMED",
            "items": items,
            "total": f"{25 * self.products}.00",
            "currency": "EUR",
            "created_at": PLACED_AT.isoformat(),
            "confirmed_at": None,
            "cancelled_at": None,
            "updated_at": PLACED_AT.isoformat(),
        }

    async def journey(self, _: Request) -> Response:
        event = {
            "shard": 3,
            "number": 42,
            "state": self.state,
            "type": "ordercast.order.placed.v1",
            "event_id": str(UUID(int=5)),
            "occurred_at": PLACED_AT.isoformat(),
            "committed_at": (PLACED_AT + timedelta(milliseconds=8)).isoformat(),
            "trace_id": TRACE,
            "offset": self.offset if self.state == "published" else None,
            "reason": self.reason,
        }
        return JSONResponse(
            {"order_id": str(ORDER), "account_id": 11, "events": [event, *self.more_events], "kafka": self.kafka}
        )
