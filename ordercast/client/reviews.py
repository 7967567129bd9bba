"""What accounts say of products that they ordered, at order_api; to be read in `shop_pages`."""

from dataclasses import dataclass

import msgspec

from ordercast.client.order_answers import Review
from ordercast.client.request import Request
from ordercast.client.session import Session


@dataclass(frozen=True, slots=True)
class ReviewsApi:
    session: Session

    async def write(self, product_id: int, rating: int, text: str) -> Review:
        """By somebody who has ordered the product, and once; `rating` is 1 to 5."""
        body = msgspec.json.encode({"rating": rating, "text": text})
        request = Request("POST", self._url(product_id), body, {"Content-Type": "application/json"})
        return await self.session.ask(request, Review)

    async def change(self, product_id: int, review_id: int, rating: int, text: str) -> Review:
        """The caller's own, or for an operator any."""
        body = msgspec.json.encode({"rating": rating, "text": text})
        url = f"{self._url(product_id)}/{review_id}"
        return await self.session.ask(Request("PATCH", url, body, {"Content-Type": "application/json"}), Review)

    async def take_down(self, product_id: int, review_id: int) -> None:
        """The caller's own, or for an operator any."""
        await self.session.send(Request("DELETE", f"{self._url(product_id)}/{review_id}"))

    def _url(self, product_id: int) -> str:
        return f"{self.session.order_api}/products/{product_id}/reviews"
