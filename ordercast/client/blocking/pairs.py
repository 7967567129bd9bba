# Made from ordercast/client/pairs.py by `python -m ordercast.client.generate`: change it there.
"""What the worker knows of one account and one product, at order_api, and whether that is right. Needs an operator."""

from dataclasses import dataclass

from ordercast.client.blocking.session import Session
from ordercast.client.pair_answers import KnownPair, Verification
from ordercast.client.request import Request


@dataclass(frozen=True, slots=True)
class PairsApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session

    def known(self, account_id: int, product_id: int) -> KnownPair:
        return self.session.ask(Request("GET", self._url(account_id, product_id), repeatable=True), KnownPair)

    def verify(self, account_id: int, product_id: int) -> Verification:
        """Computes row and days anew from orders and views, and compares: it takes seconds."""
        url = f"{self._url(account_id, product_id)}/verification"
        return self.session.ask(Request("POST", url, repeatable=True), Verification)

    def _url(self, account_id: int, product_id: int) -> str:
        return f"{self.session.order_api}/pairs/{account_id}/{product_id}"
