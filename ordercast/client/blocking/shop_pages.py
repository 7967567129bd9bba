# Made from ordercast/client/shop_pages.py by `python -m ordercast.client.generate`: change it there.
"""order_api's lists a page at a time, for whoever shows them and pages on at another time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ordercast.client.account_answers import Account, ApiKey, AuditLine
from ordercast.client.blocking.session import Answer, Session
from ordercast.client.order_answers import Order, Price, Product, Review
from ordercast.client.page import Page
from ordercast.client.request import Request


@dataclass(frozen=True, slots=True)
class ShopPages:
    """What is None leaves nothing out. `starting_after` is the id of the last row of the page before."""

    session: Session

    def orders(
        self,
        *,
        limit: int,
        starting_after: UUID | None = None,
        sort: Literal["-created_at", "created_at"] | None = None,
        status: str | None = None,
        account_id: int | None = None,
        product_id: int | None = None,
        order_ref: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        updated_from: datetime | None = None,
        updated_to: datetime | None = None,
        with_lines: bool = True,
    ) -> Page[Order]:
        """Without lines, `items` of each is empty."""
        asked = {
            "status": status,
            "account_id": account_id,
            "product_id": product_id,
            "order_ref": order_ref,
            "created_from": created_from and created_from.isoformat(),
            "created_to": created_to and created_to.isoformat(),
            "updated_from": updated_from and updated_from.isoformat(),
            "updated_to": updated_to and updated_to.isoformat(),
            "sort": sort,
            "with_lines": None if with_lines else "false",
        }
        return self._page("/orders", Page[Order], limit, starting_after, asked)

    def products(
        self,
        *,
        limit: int,
        starting_after: int | None = None,
        search: str | None = None,
        active: bool | None = None,
        ids: Collection[int] | None = None,
    ) -> Page[Product]:
        """`ids`: 100 at most; those that are not there are left out."""
        asked = {"search": search, "active": _flag(active), "ids": _listed(ids)}
        return self._page("/products", Page[Product], limit, starting_after, asked)

    def prices(self, product_id: int, *, limit: int, starting_after: int | None = None) -> Page[Price]:
        """The newest first."""
        return self._page(f"/products/{product_id}/prices", Page[Price], limit, starting_after, {})

    def reviews(self, product_id: int, *, limit: int, starting_after: int | None = None) -> Page[Review]:
        """The newest first."""
        return self._page(f"/products/{product_id}/reviews", Page[Review], limit, starting_after, {})

    def accounts(
        self,
        *,
        limit: int,
        starting_after: int | None = None,
        search: str | None = None,
        role: str | None = None,
        blocked: bool | None = None,
        email: str | None = None,
        account_ref: str | None = None,
        ids: Collection[int] | None = None,
    ) -> Page[Account]:
        """`ids`: as of products."""
        asked = {
            "search": search,
            "role": role,
            "blocked": _flag(blocked),
            "email": email,
            "account_ref": account_ref,
            "ids": _listed(ids),
        }
        return self._page("/accounts", Page[Account], limit, starting_after, asked)

    def api_keys(self, *, limit: int, starting_after: int | None = None, account_id: int | None = None) -> Page[ApiKey]:
        return self._page("/api-keys", Page[ApiKey], limit, starting_after, {"account_id": account_id})

    def audit(
        self,
        *,
        limit: int,
        starting_after: int | None = None,
        account_id: int | None = None,
        subject: str | None = None,
    ) -> Page[AuditLine]:
        """The newest first."""
        asked = {"account_id": account_id, "subject": subject}
        return self._page("/audit", Page[AuditLine], limit, starting_after, asked)

    def _page(
        self, path: str, answer: type[Answer], limit: int, starting_after: UUID | int | None, asked: dict[str, Any]
    ) -> Answer:
        params = {**asked, "limit": limit, "starting_after": starting_after}
        return self.session.ask(Request("GET", self.session.order_api + path, params=params, repeatable=True), answer)


def _listed(ids: Collection[int] | None) -> str | None:
    return None if ids is None else ",".join(map(str, sorted(ids)))


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()
