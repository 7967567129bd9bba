"""order_api's answers about orders, products and accounts that the console shows, before a shop whose state the test sets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support.console_answers import NOW, page_of, problem

PENDING: Final = UUID(int=1)
CONFIRMED: Final = UUID(int=2)
CANCELLED: Final = UUID(int=3)
LONG: Final = UUID(int=4)
OPERATOR_ID: Final = 7


def item(line: int, quantity: int = 3, cancelled: int = 0) -> dict[str, Any]:
    return {
        "line": line,
        "product_id": line,
        "sku": f"P-{line}",
        "quantity": quantity,
        "cancelled_quantity": cancelled,
        "unit_price": "12.50",
        "line_total": f"{12.5 * quantity:.2f}",
    }


def order(order_id: UUID, status: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    number = order_id.int
    created = NOW - timedelta(hours=number)
    times = {
        "created_at": created.isoformat(),
        "confirmed_at": (created + timedelta(minutes=9)).isoformat() if status == "CONFIRMED" else None,
        "cancelled_at": (created + timedelta(minutes=30)).isoformat() if status == "CANCELLED" else None,
        "updated_at": (created + timedelta(minutes=40)).isoformat(),
    }
    whose = {"account_id": 11, "account_ref": None, "order_ref": None, "kind": "order"}
    total = f"{sum(float(one['line_total']) for one in items):.2f}"
    return (
        {"id": str(order_id), **whose, "status": status, "items": items, "total": total, "currency": "EUR"}
        | times
        | more
    )


def many_orders(count: int = 60) -> list[dict[str, Any]]:
    """The newest first."""
    first = [
        order(PENDING, "PENDING", [item(1), item(2, 4)]),
        order(CONFIRMED, "CONFIRMED", [item(1, 5, 2)], order_ref="S-1001"),
        order(CANCELLED, "CANCELLED", [item(3, 2, 2)]),
        order(LONG, "CONFIRMED", [item(line) for line in range(1, 2_001)]),
    ]
    return first + [order(UUID(int=number), "CONFIRMED", [item(1)], account_id=12) for number in range(5, count + 1)]


def review(number: int) -> dict[str, Any]:
    times = dict.fromkeys(("created_at", "updated_at"), NOW.isoformat())
    text = f"Number {number}: pours well, and is <not> too heavy.\nI would buy it again."
    whose = {"product_id": 1, "account_id": 11, "nickname": "ann"}
    return {"id": number, **whose, "rating": 1 + number % 5, "text": text, **times}


def api_key(number: int, **more: Any) -> dict[str, Any]:
    made = {"id": number, "account_id": 13, "name": f"backend {number}", "scopes": ["orders:write", "views:write"]}
    never = dict.fromkeys(("rotated_at", "previous_until", "expires_at", "revoked_at", "last_used_at"))
    return made | {"created_at": NOW.isoformat()} | never | more


def audit_line(number: int, kind: str, **more: Any) -> dict[str, Any]:
    told = {"account_id": 3, "subject": "accounts/11", "address": "10.0.0.7", "trace_id": f"{number:032x}"}
    return {"id": number, "kind": kind, "details": {}, "recorded_at": NOW.isoformat()} | told | more


@dataclass
class Records:
    """`refuse` is why nothing is done, with the fields that it is because of; `done` is what was: (what, of what)."""

    orders: list[dict[str, Any]] = field(default_factory=many_orders)
    reviews: list[dict[str, Any]] = field(default_factory=lambda: [review(number) for number in range(24, 0, -1)])
    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [
            api_key(1),
            api_key(2, revoked_at=NOW.isoformat()),
            api_key(3, expires_at="2027-01-01T00:00:00Z"),
        ]
    )
    audit: list[dict[str, Any]] = field(
        default_factory=lambda: [
            audit_line(2, "role-changed", details={"from": "CUSTOMER", "to": "OPERATOR"}),
            audit_line(1, "log-in-failed", account_id=None, subject=None),
        ]
    )
    refuse: tuple[int, str] | None = None
    wrong: dict[str, str] = field(default_factory=dict)
    done: list[tuple[str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    asked_audit: list[str] = field(default_factory=list)
    # The ETag of each product, and of each account, as it is now.
    etag_of: Callable[[str], str] = lambda kind: f'"{kind}"'

    def routes(self, role_of: Callable[[Request], str]) -> list[Route]:
        """`role_of` says who asks."""
        self._role_of = role_of
        return [
            Route("/order_api/orders/{order_id:uuid}/{act:str}", self.change_order, methods=["POST"]),
            Route("/order_api/products", self.add_product, methods=["POST"]),
            Route("/order_api/products/{product_id:int}", self.change_product, methods=["PATCH"]),
            Route("/order_api/products/{product_id:int}/prices", self.prices),
            Route("/order_api/products/{product_id:int}/reviews", self.list_reviews),
            Route("/order_api/products/{product_id:int}/reviews/{review_id:int}", self.take_down, methods=["DELETE"]),
            Route("/order_api/accounts/{account_id:int}", self.change_account, methods=["PATCH"]),
            Route("/order_api/accounts/{account_id:int}/password-reset", self.reset, methods=["POST"]),
            Route("/order_api/accounts/{account_id:int}/erasure", self.erase, methods=["POST"]),
            Route("/order_api/accounts/{account_id:int}/export", self.export),
            Route("/order_api/api-keys", self.list_keys, methods=["GET"]),
            Route("/order_api/api-keys", self.make_key, methods=["POST"]),
            Route("/order_api/api-keys/{key_id:int}", self.one_key, methods=["GET"]),
            Route("/order_api/api-keys/{key_id:int}", self.revoke_key, methods=["DELETE"]),
            Route("/order_api/audit", self.list_audit),
        ]

    def _do(self, what: str, of: Any, answer: Any, status: int = 200) -> Response:
        if self.refuse:
            code, title = self.refuse
            errors = [{"field": name, "message": said} for name, said in self.wrong.items()]
            body = {"type": "/problems/refused", "title": title, "status": code, "errors": errors}
            return JSONResponse(body, code, media_type="application/problem+json")
        self.done.append((what, of))
        return JSONResponse(answer, status)

    def answer_orders(self, orders: list[dict[str, Any]], request: Request) -> Response:
        """A page of those of the orders that are asked for."""
        asked = dict(request.query_params)
        self.asked.append(asked)
        filters = {name: value for name, value in asked.items() if name != "with_lines"}
        found = [one for one in orders if all(_fits(one, name, value) for name, value in filters.items())]
        if asked.get("with_lines") == "false":
            found = [one | {"items": []} for one in found]
        if asked.get("sort") == "created_at":
            found.reverse()
        return _page(found, asked)

    def _order(self, request: Request) -> dict[str, Any] | None:
        return next((one for one in self.orders if one["id"] == str(request.path_params["order_id"])), None)

    async def change_order(self, request: Request) -> Response:
        found = self._order(request)
        body = await request.json() if await request.body() else None
        key = request.headers.get("idempotency-key")
        return self._do(request.path_params["act"], (str(request.path_params["order_id"]), body, key), found)

    async def add_product(self, request: Request) -> Response:
        body = await request.json()
        return self._do("add product", body, body | {"id": 5}, 201)

    async def change_product(self, request: Request) -> Response:
        body = await request.json()
        whole = {"id": 1, "sku": "P-1", "name": "Mug", "price": "12.50", "currency": "EUR"} | body
        return self._change("product", request, (request.path_params["product_id"], body), whole)

    def _change(self, kind: str, request: Request, of: Any, answer: Any) -> Response:
        if not self.refuse and request.headers.get("if-match") != self.etag_of(kind):
            return problem(412, f"{kind}-changed", f"Somebody else changed the {kind}")
        return self._do(f"change {kind}", of, answer)

    async def prices(self, request: Request) -> Response:
        amounts = ("12.50", "11.00", "9.90")
        data = [
            {
                "id": 3 - ago,
                "price": price,
                "currency": "EUR",
                "valid_from": (NOW - timedelta(days=30 * ago)).isoformat(),
            }
            for ago, price in enumerate(amounts)
        ]
        return page_of(data, request, "id")

    async def list_reviews(self, request: Request) -> Response:
        asked = dict(request.query_params)
        after = int(asked.get("starting_after", 1_000_000))
        return _page([one for one in self.reviews if one["id"] < after], {"limit": asked["limit"]})

    async def take_down(self, request: Request) -> Response:
        done = self._do("take down", (request.path_params["product_id"], request.path_params["review_id"]), None)
        return done if self.refuse else Response(status_code=204)

    def _for_admin(self, request: Request, done: Callable[[], Response]) -> Response:
        """Only admins may."""
        return done() if self._role_of(request) == "ADMIN" else problem(403, "not-allowed", "Not allowed")

    async def change_account(self, request: Request) -> Response:
        body, number = await request.json(), request.path_params["account_id"]
        whole = {"id": number, "email": None, "nickname": "ann", "role": "CUSTOMER", "login_type": "PASSWORD"}
        return self._for_admin(request, lambda: self._change("account", request, (number, body), whole))

    async def reset(self, request: Request) -> Response:
        number = request.path_params["account_id"]
        code = {"code": "ABCD-EFGH-JKLM", "expires_at": (NOW + timedelta(hours=1)).isoformat()}
        return self._for_admin(request, lambda: self._do("reset", number, code))

    async def erase(self, request: Request) -> Response:
        number = request.path_params["account_id"]
        gone = {
            "id": number,
            "email": None,
            "nickname": f"erased-{number}",
            "role": "CUSTOMER",
            "login_type": "EXTERNAL",
        }
        return self._for_admin(request, lambda: self._do("erase", number, gone))

    async def export(self, request: Request) -> Response:
        lines = PlainTextResponse('{"kind": "account", "id": 11}\n{"kind": "end", "rows": 1}\n')
        return self._for_admin(request, lambda: lines)

    async def list_keys(self, request: Request) -> Response:
        own = int(request.query_params["account_id"])
        return _page([one for one in self.keys if one["account_id"] == own], dict(request.query_params))

    async def one_key(self, request: Request) -> Response:
        found = next((one for one in self.keys if one["id"] == request.path_params["key_id"]), None)
        return JSONResponse(found) if found else problem(404, "api-key-not-found", "There is no such API key")

    async def make_key(self, request: Request) -> Response:
        body = await request.json()
        whole = api_key(9) | {"key": "oc_a-secret-that-is-shown-once"}
        return self._for_admin(request, lambda: self._do("make key", body, whole, 201))

    async def revoke_key(self, request: Request) -> Response:
        number = request.path_params["key_id"]
        return self._for_admin(request, lambda: self._do("revoke key", number, api_key(number)))

    async def list_audit(self, request: Request) -> Response:
        self.asked_audit += [value for name, value in request.query_params.items() if name == "subject"]
        return self._for_admin(request, lambda: page_of(self.audit, request, "id"))


def _fits(one: dict[str, Any], name: str, value: str) -> bool:
    """One filter of orders."""
    if name == "product_id":
        return any(str(line["product_id"]) == value for line in one["items"])
    if name in ("status", "account_id", "order_ref"):
        return str(one[name]) == value
    return True


def _page(rows: list[dict[str, Any]], asked: dict[str, str]) -> Response:
    """After the row that ended the page before."""
    first = 0
    if "starting_after" in asked:
        first = 1 + next(place for place, row in enumerate(rows) if str(row["id"]) == asked["starting_after"])
    limit = int(asked["limit"])
    return JSONResponse({"data": rows[first : first + limit], "has_more": len(rows) > first + limit})
