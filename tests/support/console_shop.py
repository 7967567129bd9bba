"""order_api's answers to the storefront, before products, orders and reviews that the test sets."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.console_answers import NOW, problem

ORDER: Final = str(UUID(int=77))
ACCOUNT_ID: Final = 7


def order(number: int, items: list[dict[str, int]], price: str = "12.50") -> dict[str, Any]:
    lines = [
        {
            **item,
            "line": line,
            "unit_price": price,
            "line_total": str(item["quantity"] * Decimal(price)),
            "sku": "P-1",
            "cancelled_quantity": 0,
        }
        for line, item in enumerate(items, 1)
    ]
    return {
        "id": str(UUID(int=number)),
        "order_ref": None,
        "account_id": ACCOUNT_ID,
        "account_ref": None,
        "kind": "order",
        "status": "PENDING",
        "items": lines,
        "total": "37.50",
        "currency": "EUR",
        "created_at": NOW.isoformat(),
        "confirmed_at": None,
        "cancelled_at": None,
        "updated_at": NOW.isoformat(),
    }


@dataclass
class Storefront:
    """`prices` and `inactive` are of products by their number. With `refuse` nothing is ordered or written, with `silent` an order
    is placed and its answer lost. `orders` are by their Idempotency-Key."""

    prices: dict[int, str] = field(default_factory=dict)
    inactive: set[int] = field(default_factory=set)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    views: list[dict[str, Any]] = field(default_factory=list)
    signed_up: list[dict[str, str]] = field(default_factory=list)
    refuse: str | None = None
    silent: bool = False

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/accounts", self.sign_up, methods=["POST"]),
            Route("/order_api/views", self.view, methods=["POST"]),
            Route("/order_api/orders", self.place, methods=["POST"]),
            Route("/order_api/products/{product_id:int}/reviews", self.write, methods=["POST"]),
            Route("/order_api/products/{product_id:int}/reviews", self.list_reviews, methods=["GET"]),
            Route("/order_api/products/{product_id:int}/reviews/{review_id:int}", self.change, methods=["PATCH"]),
        ]

    def of(self, product: dict[str, Any]) -> dict[str, Any]:
        """The product as it is sold now."""
        number = product["id"]
        price = self.prices.get(number, product["price"])
        return product | {"price": price, "active": product["active"] and number not in self.inactive}

    async def sign_up(self, request: Request) -> Response:
        if self.refuse:
            return problem(422, "weak-password", self.refuse)
        body = await request.json()
        self.signed_up.append(body)
        account = {"id": ACCOUNT_ID, "role": "CUSTOMER", "login_type": "PASSWORD"}
        return JSONResponse(account | {"email": body["email"], "nickname": body["nickname"]}, 201)

    async def view(self, request: Request) -> Response:
        if self.refuse:
            return problem(429, "too-many-views", self.refuse)
        self.views.append(await request.json())
        return JSONResponse({}, 202)

    async def place(self, request: Request) -> Response:
        if self.refuse:
            return problem(422, "mixed-currencies", self.refuse)
        items = (await request.json())["items"]
        key = request.headers["idempotency-key"]
        placed = self.orders.setdefault(key, order(77 + len(self.orders), items))
        return Response("lost", 200) if self.silent else JSONResponse(placed, 201)

    async def write(self, request: Request) -> Response:
        if self.refuse:
            return problem(403, "not-ordered", self.refuse)
        body = await request.json()
        number = request.path_params["product_id"]
        written = {"id": 1, "product_id": number, "account_id": ACCOUNT_ID, "nickname": "carl", **body}
        self.reviews.append(written | {"created_at": NOW.isoformat(), "updated_at": NOW.isoformat()})
        return JSONResponse(self.reviews[-1], 201)

    async def change(self, request: Request) -> Response:
        if self.refuse:
            return problem(403, "not-your-review", self.refuse)
        own = next((one for one in self.reviews if one["id"] == request.path_params["review_id"]), None)
        if own is None:
            return problem(404, "review-not-found", "There is no such review")
        own |= await request.json()
        return JSONResponse(own)

    async def list_reviews(self, request: Request) -> Response:
        asked = request.query_params
        before = int(asked.get("starting_after", 1_000_000))
        found = [one for one in reversed(self.reviews) if one["id"] < before]
        limit = int(asked["limit"])
        return JSONResponse({"data": found[:limit], "has_more": len(found) > limit})
