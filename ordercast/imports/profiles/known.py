"""Exports that many people have. A profile is recognised by columns that no other has."""

from dataclasses import dataclass
from typing import Final

from ordercast.imports.files.typed_files import LINE
from ordercast.imports.profiles.mapping import Mapping, Only, Subject
from ordercast.imports.profiles.usual_names import usual


@dataclass(frozen=True, slots=True)
class Profile:
    """`header`: each of these is a choice of names, one of which has to be there."""

    name: str
    header: tuple[tuple[str, ...], ...]
    mappings: dict[Subject, Mapping]


_PAID: Final = dict.fromkeys(("paid", "partially_paid", "partially_refunded", "refunded"), "CONFIRMED")
_WOO_STATUSES: Final = {
    "completed": "CONFIRMED",
    "processing": "CONFIRMED",
    "on hold": "PENDING",
    "on-hold": "PENDING",
    "pending": "PENDING",
    "pending payment": "PENDING",
    "cancelled": "CANCELLED",
    "failed": "CANCELLED",
    "refunded": "CANCELLED",
}
_OLIST_STATUSES: Final = {
    **dict.fromkeys(("approved", "processing", "invoiced", "shipped", "delivered"), "CONFIRMED"),
    "created": "PENDING",
    **dict.fromkeys(("canceled", "unavailable"), "CANCELLED"),
}

# Orders as the API takes them, one JSON document in each row.
LINES: Final = Profile("ordercast", ((LINE,),), {Subject.ORDERS: Mapping({LINE: [LINE]})})

# UCI Online Retail (Chen, 2015), Online Retail II (Chen, 2019), and their many copies.
ONLINE_RETAIL: Final = Profile(
    "online-retail",
    (("InvoiceNo", "Invoice"), ("StockCode",), ("InvoiceDate",), ("CustomerID",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["InvoiceNo", "Invoice"],
                "account_ref": ["CustomerID"],
                "occurred_at": ["InvoiceDate"],
                "sku": ["StockCode"],
                "name": ["Description"],
                "quantity": ["Quantity"],
                "unit_price": ["UnitPrice", "Price"],
            },
            leave_out_repeats=True,
            cancellation_letter="C",
        )
    },
)

# Admin > Orders > Export: what is the order's own stands in its first row only.
SHOPIFY: Final = Profile(
    "shopify",
    (("Name",), ("Financial Status",), ("Lineitem quantity",), ("Lineitem price",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["Name"],
                "account_ref": ["Email", "Phone"],
                "occurred_at": ["Created at"],
                "confirmed_at": ["Paid at"],
                "cancelled_at": ["Cancelled at"],
                "status": ["Financial Status"],
                "currency": ["Currency"],
                "refunded": ["Refunded Amount"],
                "total": ["Total"],
                "sku": ["Lineitem sku", "Lineitem name"],
                "name": ["Lineitem name"],
                "quantity": ["Lineitem quantity"],
                "unit_price": ["Lineitem price"],
            },
            statuses={
                **_PAID,
                **dict.fromkeys(("pending", "authorized", "expired", "unpaid"), "PENDING"),
                "voided": "CANCELLED",
            },
        )
    },
)

# The plugin "Advanced Order Export For WooCommerce": the columns that it starts with, and others that can be chosen. Its newer
# versions start with the quantity that was not refunded, older ones with the quantity that was ordered.
WOOCOMMERCE: Final = Profile(
    "woocommerce",
    (("Order Number",), ("Order Status",), ("Order Date",), ("Item Cost",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["Order Number"],
                "account_ref": ["Email (Billing)", "Customer User Email", "Customer User ID"],
                "occurred_at": ["Order Date"],
                "confirmed_at": ["Paid Date"],
                "status": ["Order Status"],
                "currency": ["Currency"],
                "sku": ["SKU", "Item Name", "Product Name"],
                "name": ["Item Name", "Product Name"],
                "quantity": ["Quantity", "Quantity (- Refund)"],
                "unit_price": ["Item Cost"],
            },
            leave_out_zero=True,
            statuses={**_WOO_STATUSES, **{f"wc-{word}": status for word, status in _WOO_STATUSES.items()}},
        )
    },
)

# The three files of its folder, joined (see olist.py): a row for each piece.
OLIST: Final = Profile(
    "olist",
    (("order_purchase_timestamp",), ("order_item_id",), ("customer_unique_id",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["order_id"],
                "account_ref": ["customer_unique_id"],
                "occurred_at": ["order_purchase_timestamp"],
                "confirmed_at": ["order_approved_at"],
                "status": ["order_status"],
                "sku": ["product_id"],
                "unit_price": ["price"],
            },
            constants={"quantity": "1"},
            statuses=_OLIST_STATUSES,
            sum_duplicate_lines=True,
            leave_out_without="product_id",
        )
    },
)

# events.csv: milliseconds since 1970, no prices.
RETAILROCKET: Final = Profile(
    "retailrocket",
    (("timestamp",), ("visitorid",), ("event",), ("itemid",), ("transactionid",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["transactionid"],
                "account_ref": ["visitorid"],
                "occurred_at": ["timestamp"],
                "sku": ["itemid"],
            },
            constants={"quantity": "1", "unit_price": "0.00"},
            only=Only("event", "transaction"),
            sum_duplicate_lines=True,
        ),
        Subject.VIEWS: Mapping(
            {"account_ref": ["visitorid"], "occurred_at": ["timestamp"], "sku": ["itemid"], "kind": ["event"]},
            kinds={"view": "view", "addtocart": "cart"},
        ),
    },
)

# "eCommerce behavior data from multi category store": a row for each piece, a session is an order.
REES46: Final = Profile(
    "rees46",
    (("event_time",), ("event_type",), ("product_id",), ("user_id",), ("user_session",)),
    {
        Subject.ORDERS: Mapping(
            {
                "order_ref": ["user_session"],
                "account_ref": ["user_id"],
                "occurred_at": ["event_time"],
                "sku": ["product_id"],
                "unit_price": ["price"],
            },
            constants={"quantity": "1"},
            only=Only("event_type", "purchase"),
            sum_duplicate_lines=True,
        ),
        Subject.VIEWS: Mapping(
            {"account_ref": ["user_id"], "occurred_at": ["event_time"], "sku": ["product_id"], "kind": ["event_type"]}
        ),
    },
)

# Any other file, by names that its columns often have.
GENERIC: Final = Profile(
    "generic",
    (),
    {
        Subject.ORDERS: usual(
            *("order_ref", "account_ref", "occurred_at", "sku", "name", "currency"),
            *("quantity", "unit_price", "status", "confirmed_at", "cancelled_at"),
        ),
        Subject.VIEWS: usual("account_ref", "occurred_at", "sku", "name", "count", "kind"),
        Subject.PRODUCTS: usual("sku", "name", "currency", "price", "active"),
    },
)

# The first one that fits is it.
PROFILES: Final = (LINES, ONLINE_RETAIL, SHOPIFY, WOOCOMMERCE, OLIST, RETAILROCKET, REES46, GENERIC)
