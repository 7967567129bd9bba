"""What the pages of products are asked, and what their forms send."""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from ordercast.client.order_answers import Product
from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.log_in.schemas import Form, HeaderText, Text
from ordercast.services.console.products.change_product import ProductValues
from ordercast.services.console.schemas import After, YesOrNo, flag


@dataclass(frozen=True, slots=True)
class ProductsQuestion:
    """As GET /products is asked."""

    search: Search = ""
    active: YesOrNo = None
    starting_after: After = None

    def filters(self) -> dict[str, Any]:
        """As the API takes them."""
        return {"search": self.search or None, "active": flag(self.active), "starting_after": self.starting_after}


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """Of one product; of each list the last one of the page before."""

    reviews_after: After = None
    prices_after: After = None
    audit_after: After = None


class ProductForm(Form):
    """order_api says what is wrong with a field. `known` is the ETag of what the form was made of, and `before` are its values, as
    JSON: what is otherwise was typed."""

    sku: Text = ""
    name: Text = ""
    price: Text = ""
    currency: Text = ""
    active: bool = False
    known: HeaderText = ""
    before: Text = ""

    @classmethod
    def of(cls, product: Product, etag: str) -> "ProductForm":
        values = asdict(ProductValues.of(product))
        return cls(**values, known=etag, before=msgspec.json.encode(values).decode())

    def over(self, product: Product, etag: str) -> "ProductForm":
        """What was typed, over what the product is now: whoever did not touch a field does not bring back what it was."""
        before = self._before()
        typed = {
            name: getattr(self, name)
            for name, value in asdict(self.values).items()
            if name not in before or value != before[name]
        }
        return ProductForm.of(product, etag).model_copy(update=typed)

    def _before(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.before, type=dict[str, Any])
        except msgspec.DecodeError:
            return {}

    @property
    def values(self) -> ProductValues:
        return ProductValues(
            sku=self.sku.strip(),
            name=self.name.strip(),
            price=self.price.strip(),
            currency=self.currency.strip().upper(),
            active=self.active,
        )
