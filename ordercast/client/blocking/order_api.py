# Made from ordercast/client/order_api.py by `python -m ordercast.client.generate`: change it there.
"""order_api as a client sees it: accounts, products, orders, views, trends."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec

from ordercast.client.account_answers import Account, ApiKey, AuditLine, ResetCode
from ordercast.client.blocking.events import read_events, read_lines
from ordercast.client.blocking.session import Answer, Session
from ordercast.client.credentials import Tokens
from ordercast.client.event_answers import ServerEvent
from ordercast.client.order_answers import (
    BatchAnswer,
    Changes,
    ImportAnswer,
    Journey,
    Order,
    Price,
    Product,
    ProductsAnswer,
    Trends,
)
from ordercast.client.page import Page
from ordercast.client.request import Request
from ordercast.client.webhook_answers import Delivery, Replay, Webhook

JSON: Final = {"Content-Type": "application/json"}
NDJSON: Final = {"Content-Type": "application/x-ndjson"}
PAGE_ROWS: Final = 100  # the most that the API gives at once
# An import commits as it reads: a long one takes minutes.
IMPORT_TIMEOUT_S: Final = 600.0
# The status of an import's answer that has refused lines alone.
NOTHING_CAME_IN: Final = frozenset({422})

Row = TypeVar("Row", Account, ApiKey, AuditLine, Delivery, Order, Product, Price, Webhook)


@dataclass(frozen=True, slots=True)
class OrderApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session

    def sign_up(self, email: str, nickname: str, password: str) -> Account:
        return self._post("/accounts", {"email": email, "nickname": nickname, "password": password}, Account)

    def me(self) -> Account:
        return self._get("/accounts/me", Account)

    def change_password(self, old: str, new: str, *, revoke_api_keys: bool = False) -> None:
        """Every other log-in of the account ends, and its API keys if asked; this client goes on with the new password."""
        body = {"old_password": old, "new_password": new, "revoke_api_keys": revoke_api_keys}
        self.session.go_on_with(self._post("/accounts/me/password", body, Tokens), new)

    def account(self, account_id: int) -> Account:
        """Not for customers."""
        return self._get(f"/accounts/{account_id}", Account)

    def accounts(
        self,
        *,
        role: str | None = None,
        blocked: bool | None = None,
        search: str | None = None,
        email: str | None = None,
        account_ref: str | None = None,
    ) -> Iterator[Account]:
        """All accounts, or those that the filters leave; `search` is a part of email, nickname or reference, however cased.
        Not for customers."""
        filters = {"role": role, "search": search, "email": email, "account_ref": account_ref}
        filters["blocked"] = None if blocked is None else str(blocked).lower()
        for account in self._pages("/accounts", Page[Account], filters):
            yield account

    def change_account(self, account_id: int, *, role: str | None = None, blocked: bool | None = None) -> Account:
        """Gives a role (CUSTOMER, SERVICE, OPERATOR or ADMIN), blocks or unblocks; None leaves it as it is. Needs an admin."""
        changes = {"role": role, "blocked": blocked}
        body = {name: value for name, value in changes.items() if value is not None}
        return self._send("PATCH", f"/accounts/{account_id}", body, Account)

    def new_reset_code(self, account_id: int) -> ResetCode:
        """For whoever has lost the account's password; told this once. Needs an admin."""
        return self._post(f"/accounts/{account_id}/password-reset", None, ResetCode)

    def reset_password(self, email: str, code: str, new: str) -> None:
        """Needs no log-in; every log-in of the account ends."""
        body = msgspec.json.encode({"email": email, "code": code, "new_password": new})
        self.session.send(Request("POST", self._url("/auth/password-reset"), body, JSON))

    def audit(
        self,
        *,
        kind: str | None = None,
        account_id: int | None = None,
        subject: str | None = None,
        since: datetime | None = None,
    ) -> Iterator[AuditLine]:
        """Log-ins, log-ins that failed and what admins did, the newest first; `account_id` did it or had it done to it, and it
        was done to the `subject`, a path. Needs an admin."""
        filters = {"kind": kind, "account_id": account_id, "subject": subject, "since": since and since.isoformat()}
        for line in self._pages("/audit", Page[AuditLine], filters):
            yield line

    def export_account(self, account_id: int) -> Iterator[bytes]:
        """All that is kept of a person, as lines of NDJSON; with the own account's token, or an admin's."""
        request = self.session.authorized(Request("GET", self._url(f"/accounts/{account_id}/export")))
        with self.session.transport.stream(request) as response:
            for line in read_lines(response.iter_bytes()):
                yield line.encode() + b"\n"

    def erase_account(self, account_id: int, *, password: str | None = None) -> Account:
        """Takes out for good who an account is; the caller's own needs its password once more."""
        return self._post(f"/accounts/{account_id}/erasure", {"password": password}, Account)

    def create_api_key(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        account_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> ApiKey:
        """A key of the caller's account, or with an admin's token of any. Its `key` is shown this once."""
        body = {"name": name, "scopes": list(scopes), "account_id": account_id, "expires_at": expires_at}
        return self._post("/api-keys", body, ApiKey)

    def api_keys(self, *, account_id: int | None = None) -> Iterator[ApiKey]:
        for key in self._pages("/api-keys", Page[ApiKey], {"account_id": account_id}):
            yield key

    def api_key(self, key_id: int) -> ApiKey:
        return self._get(f"/api-keys/{key_id}", ApiKey)

    def rotate_api_key(self, key_id: int, *, overlap_s: int | None = None) -> ApiKey:
        """The key with a new `key`; the one before is good for `overlap_s` from now on, a day unless said."""
        body = None if overlap_s is None else {"overlap_s": overlap_s}
        return self._post(f"/api-keys/{key_id}/rotate", body, ApiKey)

    def revoke_api_key(self, key_id: int) -> ApiKey:
        return self._send("DELETE", f"/api-keys/{key_id}", None, ApiKey)

    def create_webhook(self, url: str, event_types: Sequence[str]) -> Webhook:
        """Events of these types are posted to the URL from now on. Its `secret` is shown this once. Needs an operator."""
        return self._post("/webhooks", {"url": url, "event_types": list(event_types)}, Webhook)

    def webhooks(self) -> Iterator[Webhook]:
        for webhook in self._pages("/webhooks", Page[Webhook], {}):
            yield webhook

    def webhook(self, webhook_id: int) -> Webhook:
        return self._get(f"/webhooks/{webhook_id}", Webhook)

    def change_webhook(self, webhook_id: int, **changes: Any) -> Webhook:
        """Changes the named fields of url, event_types, paused."""
        return self._send("PATCH", f"/webhooks/{webhook_id}", changes, Webhook)

    def delete_webhook(self, webhook_id: int) -> None:
        self.session.send(Request("DELETE", self._url(f"/webhooks/{webhook_id}")))

    def rotate_webhook(self, webhook_id: int, *, overlap_s: int | None = None) -> Webhook:
        """The webhook with a new `secret`; the one before signs, too, for `overlap_s` from now on, a day unless said."""
        body = None if overlap_s is None else {"overlap_s": overlap_s}
        return self._post(f"/webhooks/{webhook_id}/secret", body, Webhook)

    def deliveries(self, webhook_id: int, *, state: str | None = None) -> Iterator[Delivery]:
        """The newest first; `state` is WAITING, DELIVERED or FAILED."""
        for delivery in self._pages(f"/webhooks/{webhook_id}/deliveries", Page[Delivery], {"state": state}):
            yield delivery

    def replay_delivery(self, webhook_id: int, delivery_id: int) -> int:
        """Sends it once more; 1."""
        body = {"delivery_id": delivery_id}
        return (self._post(f"/webhooks/{webhook_id}/replay", body, Replay)).replayed

    def replay_deliveries(
        self, webhook_id: int, since: datetime, *, until: datetime | None = None, state: str | None = None
    ) -> int:
        """Sends those once more that were noted in this time; how many that are."""
        body: dict[str, Any] = {"since": since, "until": until, "state": state}
        replayed = 0
        while True:
            answer = self._post(f"/webhooks/{webhook_id}/replay", body, Replay)
            replayed += answer.replayed
            if not answer.has_more:
                return replayed
            body |= {"starting_after": answer.last_id}

    def create_product(
        self, sku: str, name: str, price: Decimal | str, currency: str, *, active: bool = True
    ) -> Product:
        """Not for customers. A product that is not `active` cannot be ordered."""
        body = {"sku": sku, "name": name, "price": price, "currency": currency, "active": active}
        return self._post("/products", body, Product)

    def products(self, *, search: str | None = None, active: bool | None = None) -> Iterator[Product]:
        """All products, page by page; `search` is a part of the name or SKU, however cased."""
        filters = {"search": search, "active": None if active is None else str(active).lower()}
        for product in self._pages("/products", Page[Product], filters):
            yield product

    def product(self, product_id: int) -> Product:
        return self._get(f"/products/{product_id}", Product)

    def product_by_sku(self, sku: str) -> Product:
        return self._get(f"/products/by-sku/{quote(sku, safe='')}", Product)

    def change_product(self, product_id: int, **changes: Any) -> Product:
        """Changes the named fields of name, sku, price, currency, active. Not for customers."""
        return self._send("PATCH", f"/products/{product_id}", changes, Product)

    def prices(self, product_id: int) -> Iterator[Price]:
        """The product's prices, the present one first."""
        for price in self._pages(f"/products/{product_id}/prices", Page[Price], {}):
            yield price

    def import_products(self, lines: Iterable[dict[str, Any]]) -> ProductsAnswer:
        """Adds products and changes those whose `sku` is there: {sku, name, price, currency, active?}. Not for customers."""
        request = Request(
            "POST",
            self._url("/products/import"),
            ndjson(lines),
            NDJSON,
            repeatable=True,
            answered_with=NOTHING_CAME_IN,
            read_timeout_s=IMPORT_TIMEOUT_S,
        )
        return self.session.ask(request, ProductsAnswer)

    def place_order(self, items: Iterable[tuple[int, int]], *, key: str | None = None) -> Order:
        """Orders `(product_id, quantity)` items. With the same key it is the same order, however often it is sent.

        Without a key of the caller's, one is made up for the retries of this call.
        """
        body = {"items": [{"product_id": product_id, "quantity": quantity} for product_id, quantity in items]}
        return self._post("/orders", body, Order, key=key or str(uuid4()))

    def events(
        self, *, types: Sequence[str] | None = None, since: datetime | None = None, last_id: str | None = None
    ) -> Generator[ServerEvent, None, None]:
        """The feed of events until its connection breaks off or its token ends; `follow_events` goes on over that."""
        params = {"types": ",".join(types) if types else None, "since": since and since.isoformat()}
        headers = {"Last-Event-ID": last_id} if last_id else {}
        request = self.session.authorized(Request("GET", self._url("/events"), headers=headers, params=params))
        with self.session.transport.stream(request) as response:
            for event in read_events(read_lines(response.iter_bytes())):
                yield event

    def order(self, order_id: UUID) -> Order:
        return self._get(f"/orders/{order_id}", Order)

    def journey(self, order_id: UUID) -> Journey:
        """What became of the order's events. Not for customers."""
        return self._get(f"/orders/{order_id}/journey", Journey)

    def orders(self, **filters: Any) -> Iterator[Order]:
        """The caller's orders, or everybody's (no customer's request), the newest first.

        Filters: `status`, `account_id`, `product_id`, `order_ref`, `created_from`, `created_to`, `updated_from`, `updated_to`;
        `sort="created_at"` gives the oldest first, `starting_after=` those after the order of that id.
        """
        for order in self._pages("/orders", Page[Order], filters):
            yield order

    def changed_orders(self, cursor: str = "start") -> Changes:
        """The next orders that are new or have changed since the cursor, which begins at `start`. Not for customers.

        Nothing is missed: keep `next_cursor` when the orders are dealt with, and ask again with it.
        """
        return self._get("/orders", Changes, {"updated_after": cursor, "limit": PAGE_ROWS})

    def confirm_order(self, order_id: UUID) -> Order:
        """Not for customers."""
        return self._post(f"/orders/{order_id}/confirm", None, Order)

    def cancel_order(self, order_id: UUID, lines: Mapping[int, int] | None = None, *, key: str | None = None) -> Order:
        """Cancels what is left of the order, or pieces of its lines (`{line: quantity}`); with the same key it is done once.

        Without a key of the caller's, one is made up for the retries of this call. A confirmed order needs an admin.
        """
        items = [{"line": line, "quantity": quantity} for line, quantity in (lines or {}).items()]
        body = None if lines is None else {"items": items}
        return self._post(f"/orders/{order_id}/cancel", body, Order, key=key or str(uuid4()))

    def add_view(
        self, product_id: int, count: int = 1, *, kind: Literal["view", "cart"] = "view", key: str | None = None
    ) -> None:
        """A customer's view counts 100 at most. With the same key it counts once, however often it is sent.

        `kind` is `cart` where the product was put into the cart.

        Without a key of the caller's, one is made up for the retries of this call.
        """
        body = {"product_id": product_id, "count": count, "kind": kind}
        self._post("/views", body, dict[str, Any], key=key or str(uuid4()))

    def add_views(
        self,
        lines: Sequence[dict[str, Any]],
        *,
        key: str | None = None,
        create_missing: bool = False,
        currency: str | None = None,
    ) -> BatchAnswer:
        """Up to 10,000 lines of {product_id | sku, account_id? | account_ref?, count?, occurred_at?, kind?}; with the same key
        they count once.

        An admin's may name accounts, and with `create_missing` those that are not there are created, and products in `currency`.
        """
        headers = {**NDJSON, "Idempotency-Key": key or str(uuid4())}
        params = {"create_missing": "true"} if create_missing else {}
        params |= {"currency": currency} if currency else {}
        request = Request("POST", self._url("/views/batch"), ndjson(lines), headers, params, repeatable=True)
        return self.session.ask(request, BatchAnswer)

    def import_orders(
        self,
        lines: Iterable[dict[str, Any]],
        *,
        create_missing: bool = False,
        currency: str | None = None,
        on_conflict: Literal["refuse", "replace"] = "refuse",
    ) -> ImportAnswer:
        """A shop's own history. Not for customers. A line whose `order_ref` is there is compared with it: the same is repeated,
        a later status applied, anything else refused or, with `on_conflict="replace"`, taken back and ordered anew.

        `currency` is that of products which `create_missing` makes, where a line has none of its own.
        """
        params = {"create_missing": "true"} if create_missing else {}
        params |= {"currency": currency} if currency else {}
        params |= {"on_conflict": on_conflict} if on_conflict != "refuse" else {}
        request = Request(
            "POST",
            self._url("/orders/import"),
            ndjson(lines),
            NDJSON,
            params,
            repeatable=True,
            answered_with=NOTHING_CAME_IN,
            read_timeout_s=IMPORT_TIMEOUT_S,
        )
        return self.session.ask(request, ImportAnswer)

    def trends(
        self,
        *,
        product_id: int | None = None,
        first: date | None = None,
        last: date | None = None,
        tz: str = "UTC",
        until: time | None = None,
    ) -> Trends:
        """By day of the zone `tz` (an IANA name); with `until`, on a quarter of an hour, what lies before this time of each day.
        Not for customers."""
        asked = {"product_id": product_id, "from": first, "to": last, "tz": tz}
        return self._get("/trends", Trends, asked | {"until": f"{until:%H:%M}" if until else None})

    def _url(self, path: str) -> str:
        return self.session.order_api + path

    def _get(self, path: str, answer: type[Answer], params: dict[str, Any] | None = None) -> Answer:
        request = Request("GET", self._url(path), params=params or {}, repeatable=True)
        return self.session.ask(request, answer)

    def _pages(self, path: str, page_type: type[Page[Row]], filters: dict[str, Any]) -> Iterator[Row]:
        """The rows of all pages of a list that goes on after a row's id."""
        starting_after: int | UUID | None = filters.get("starting_after")
        while True:
            page = self._get(path, page_type, {**filters, "limit": PAGE_ROWS, "starting_after": starting_after})
            for row in page.data:
                yield row
            if not page.has_more:
                return
            starting_after = page.data[-1].id

    def _post(self, path: str, body: dict[str, Any] | None, answer: type[Answer], *, key: str | None = None) -> Answer:
        return self._send("POST", path, body, answer, key=key)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, answer: type[Answer], *, key: str | None = None
    ) -> Answer:
        headers = {**JSON, "Idempotency-Key": key} if key else JSON
        content = None if body is None else msgspec.json.encode(body)
        request = Request(method, self._url(path), content, headers, repeatable=key is not None)
        return self.session.ask(request, answer)


def ndjson(lines: Iterable[dict[str, Any]]) -> bytes:
    """One JSON document a line."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
