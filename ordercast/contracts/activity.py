"""What the activity of a day is made of, by name, type and meaning.

A row says what an account did with a product (`pair_activity`), or all accounts with it (`product_activity`), on `day`, and when
that came to be known, `known_on`; both are UTC days of event time. The worker's statement, the tables, the export and verify, which
shares no code with them, each write the names down; tests/unit/contracts/test_activity.py compares them with this list.
"""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class ActivityColumn:
    name: str
    type: Literal["date", "integer", "decimal"]
    meaning: str


DAYS: Final = (
    ActivityColumn("day", "date", "day of the order, the view or the cart; of what is taken back, the order's day"),
    ActivityColumn("known_on", "date", "day on which it happened; of what is taken back, the day of that"),
)
SUMS: Final = (
    ActivityColumn("orders", "integer", "orders that hold the product, later cancelled ones too"),
    ActivityColumn(
        "first_lines", "integer", "of these, those whose first line it is: over all products, the account's orders"
    ),
    ActivityColumn("order_lines", "integer", "lines of these orders with the product"),
    ActivityColumn("quantity", "integer", "pieces ordered, before cancellations"),
    ActivityColumn("amount", "decimal", "unit price times quantity of these lines, in the orders' own currencies"),
    ActivityColumn("cancelled_quantity", "integer", "pieces taken back"),
    ActivityColumn("views", "integer", "views of the product"),
    ActivityColumn("carts", "integer", "how often it was put into a cart"),
)
