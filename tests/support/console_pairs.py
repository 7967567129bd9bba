"""What order_api says of an account and a product, for the console's page of features."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.console_answers import problem

AS_OF: Final = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ROW: Final[dict[str, Any]] = {
    "first_ordered_at": "2026-10-01T08:00:00Z",
    "first_quantity": 2,
    "first_order_quantity": 3,
    "first_price": "12.5000",
    "order_count": 1_204,
    "total_quantity": 16,
    "cancelled_quantity": 12,
    "view_count": 40,
    "views_before_first_order": 0,
    "last_viewed_at": None,
    "last_ordered_at": "2026-11-25T08:00:00Z",
    "updated_at": (AS_OF - timedelta(seconds=90)).isoformat(),
}


def day(ago: int) -> dict[str, Any]:
    told = str(date(2026, 11, 26) - timedelta(days=ago))
    counts = {"orders": 1, "first_lines": 1, "order_lines": 2, "quantity": 5, "cancelled_quantity": 2, "views": 7}
    return {"day": told, "known_on": told, **counts, "amount": "1250.00", "carts": 0}


def difference(field_: str | None, expected: str | None, found: str | None) -> dict[str, Any]:
    return {"day": None, "known_on": None, "field": field_, "expected": expected, "found": found}


@dataclass
class Pairs:
    """`row` None: nothing happened; a verification finds the `differences`, or is refused."""

    row: dict[str, Any] | None = field(default_factory=lambda: ROW)
    differences: list[dict[str, Any]] = field(default_factory=list)
    left_out: str | None = None
    refuse: str | None = None
    verified: list[tuple[int, int]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/pairs/{account_id:int}/{product_id:int}", self.pair),
            Route("/order_api/pairs/{account_id:int}/{product_id:int}/verification", self.verify, methods=["POST"]),
        ]

    async def pair(self, request: Request) -> Response:
        days = [day(ago) for ago in range(60)] if self.row else []
        known = {"row": self.row, "days": days, "has_more": bool(days), "as_of": AS_OF.isoformat()}
        return JSONResponse({**request.path_params, **known})

    async def verify(self, request: Request) -> Response:
        if self.refuse:
            return problem(503, "kafka-unavailable", self.refuse)
        self.verified.append((request.path_params["account_id"], request.path_params["product_id"]))
        return JSONResponse(
            {
                "difference_count": len(self.differences),
                "differences": self.differences,
                "order_lines": 3,
                "view_events": 2,
                "records_read": 12_345,
                "views_left_out": self.left_out,
                "as_of": AS_OF.isoformat(),
                "took_s": 0.4,
            }
        )
