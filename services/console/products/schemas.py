"""What the pages of products are asked, and what their forms send."""

from dataclasses import asdict, dataclass
from typing import Any

from ordercast.client.order_answers import Product
from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.log_in.schemas import Form, Text
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
    """Of one product; `reviews_after` is the last review of the page before."""

    reviews_after: After = None


class ProductForm(Form):
    """order_api says what is wrong with a field. `known` is the ETag of what the form was made of."""

    sku: Text = ""
    name: Text = ""
    price: Text = ""
    currency: Text = ""
    active: bool = False
    known: Text = ""

    @classmethod
    def of(cls, product: Product, etag: str) -> "ProductForm":
        return cls(**asdict(ProductValues.of(product)), known=etag)

    @property
    def values(self) -> ProductValues:
        return ProductValues(
            sku=self.sku.strip(),
            name=self.name.strip(),
            price=self.price.strip(),
            currency=self.currency.strip().upper(),
            active=self.active,
        )
