"""What became of the rows of an import, by what order_api said of them, in words."""

from collections.abc import Mapping
from typing import Final

from ordercast.services.console.words import Words

COUNT_WORDS: Final[Mapping[str, Words]] = {
    "orders_created": Words("new orders:"),
    "orders_repeated": Words("orders that were there already:"),
    "orders_changed": Words("orders that were there, confirmed or cancelled by it:"),
    "orders_replaced": Words("orders that were taken back and ordered anew:"),
    "products_created": Words("new products:"),
    "products_changed": Words("changed products:"),
    "products_unchanged": Words("products that were there so already:"),
    "views_added": Words("new views:"),
    "views_sent_before": Words("views that were sent before:"),
    "carts_added": Words("new carts:"),
    "carts_sent_before": Words("carts that were sent before:"),
}
