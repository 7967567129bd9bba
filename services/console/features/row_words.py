"""What the fields of a feature row mean on pages: as the contract says, by the catalogue in each language."""

from collections.abc import Mapping
from typing import Final

from ordercast.services.console.words import Words

ROW_WORDS: Final[Mapping[str, Words]] = {
    "first_ordered_at": Words("event time of the first order; ties go to the smaller event id"),
    "first_quantity": Words("quantity of that order's first line with the product"),
    "first_order_quantity": Words("quantity of that order, summed over its lines with the product"),
    "first_price": Words("unit price of that line"),
    "order_count": Words("orders that hold the product, later cancelled ones too"),
    "total_quantity": Words("quantity ordered, before cancellations"),
    "cancelled_quantity": Words("quantity taken back by cancellations"),
    "view_count": Words("views of the product by the account"),
    "views_before_first_order": Words("views before first_ordered_at; without an order, all"),
    "last_viewed_at": Words("event time of the newest view"),
    "last_ordered_at": Words("event time of the newest order"),
}
