# Made from ordercast/client/edits.py by `python -m ordercast.client.generate`: change it there.
"""Products and accounts as somebody sees and then changes them at order_api: what another changed meanwhile is not overwritten."""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ordercast.client.account_answers import Account
from ordercast.client.blocking.session import Session
from ordercast.client.order_answers import Product
from ordercast.client.request import Request, decode

Edited = TypeVar("Edited", Account, Product)


@dataclass(frozen=True, slots=True)
class EditsApi:
    """What is read comes with its ETag. A change brings it back: ProblemAnswer with status 412 if that is no longer as it was.

    An order_api of a release before gives no ETag: then it is "", and a change is made whatever somebody else did.
    """

    session: Session

    def product(self, product_id: int) -> tuple[Product, str]:
        return self._read(f"/products/{product_id}", Product)

    def change_product(self, product_id: int, etag: str, **changes: Any) -> Product:
        """Changes the named fields of name, sku, price, currency, active."""
        return self._change(f"/products/{product_id}", etag, changes, Product)

    def account(self, account_id: int) -> tuple[Account, str]:
        return self._read(f"/accounts/{account_id}", Account)

    def change_account(self, account_id: int, etag: str, **changes: Any) -> Account:
        """Changes the named fields of role, blocked."""
        return self._change(f"/accounts/{account_id}", etag, changes, Account)

    def _read(self, path: str, answer: type[Edited]) -> tuple[Edited, str]:
        response = self.session.send(Request("GET", self.session.order_api + path, repeatable=True))
        read: Edited = decode(response, answer)
        return read, response.headers.get("etag", "")

    def _change(self, path: str, etag: str, changes: dict[str, Any], answer: type[Edited]) -> Edited:
        headers = {"Content-Type": "application/json"} | ({"If-Match": etag} if etag else {})
        body = msgspec.json.encode(changes)
        return self.session.ask(Request("PATCH", self.session.order_api + path, body, headers), answer)
