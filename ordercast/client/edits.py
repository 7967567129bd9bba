"""Products and accounts as somebody sees and then changes them at order_api: what another changed meanwhile is not overwritten."""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ordercast.client.account_answers import Account
from ordercast.client.order_answers import Product
from ordercast.client.request import Request, decode
from ordercast.client.session import Session

Edited = TypeVar("Edited", Account, Product)


@dataclass(frozen=True, slots=True)
class EditsApi:
    """What is read comes with its ETag. A change brings it back: ProblemAnswer with status 412 if that is no longer as it was.

    An order_api of a release before gives no ETag: then it is "", and a change is made whatever somebody else did.
    """

    session: Session

    async def product(self, product_id: int) -> tuple[Product, str]:
        return await self._read(f"/products/{product_id}", Product)

    async def change_product(self, product_id: int, etag: str, **changes: Any) -> Product:
        """Changes the named fields of name, sku, price, currency, active."""
        return await self._change(f"/products/{product_id}", etag, changes, Product)

    async def account(self, account_id: int) -> tuple[Account, str]:
        return await self._read(f"/accounts/{account_id}", Account)

    async def change_account(self, account_id: int, etag: str, **changes: Any) -> Account:
        """Changes the named fields of role, blocked."""
        return await self._change(f"/accounts/{account_id}", etag, changes, Account)

    async def _read(self, path: str, answer: type[Edited]) -> tuple[Edited, str]:
        response = await self.session.send(Request("GET", self.session.order_api + path, repeatable=True))
        read: Edited = decode(response, answer)
        return read, response.headers.get("etag", "")

    async def _change(self, path: str, etag: str, changes: dict[str, Any], answer: type[Edited]) -> Edited:
        headers = {"Content-Type": "application/json"} | ({"If-Match": etag} if etag else {})
        body = msgspec.json.encode(changes)
        return await self.session.ask(Request("PATCH", self.session.order_api + path, body, headers), answer)
