"""Files in the shapes of known exports, made up by tests, and what an import makes of them."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ordercast.imports.documents.cells import LeftOut, Refused
from ordercast.imports.documents.orders import Order, orders_of
from ordercast.imports.documents.views_and_products import Document, products_of, views_of
from ordercast.imports.files.spool import Spool
from ordercast.imports.find_form import Choices, Found, find_form, open_any
from ordercast.imports.profiles.mapping import Subject


@dataclass
class Read:
    """`lines` are what would be sent; reasons by row number."""

    found: Found
    lines: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    rows_imported: list[int] = field(default_factory=list)


def read(path: Path, subject: Subject = Subject.ORDERS, **choices: Any) -> Read:
    """What comes of a file; zone and currency are told unless `choices` say otherwise."""
    told = Choices(subject, **{"zone": "Europe/Berlin", "currency": "EUR", **choices})
    with tempfile.TemporaryDirectory() as folder:
        table = open_any(path, Path(folder), told.encoding)
        with Spool(Path(folder)) as spool:
            spool.add(table.rows)
            result = Read(find_form(table, spool, told))
            form = result.found.form
            if subject is Subject.ORDERS:
                outcomes: Any = orders_of(spool.rows(form.columns.group_by), form)
            else:
                outcomes = (views_of if subject is Subject.VIEWS else products_of)(spool.rows(), form)
            for outcome in outcomes:
                match outcome:
                    case Refused(row, reason):
                        result.refused[row.number] = reason
                    case LeftOut(row, reason):
                        result.left_out[row.number] = reason
                    case Order() | Document():
                        result.lines.append(outcome.line)
                        rows = outcome.rows if isinstance(outcome, Order) else [outcome.row]
                        result.rows_imported += [row.number for row in rows]
    return result


ONLINE_RETAIL = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,LANTERN,80995,12/1/2010 8:26,0,17850,United Kingdom
536365,85123A,WHITE HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536366,22,"BOX, ""RED"" ",1,12/1/2010 8:28,1.85,,United Kingdom
A563185,B,Adjust bad debt,1,12/13/2010 14:50,11062.06,,United Kingdom
C536379,85123A,WHITE HEART,-1,12/13/2010 9:41,27.50,17850,United Kingdom
"""

ONLINE_RETAIL_II = """Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
489434,85048,BALL LIGHTS,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom
489434,79323P,CHERRY LIGHTS,12,2009-12-01 07:45:00,6.75,13085.0,United Kingdom
"""

SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,Lineitem name,\
Lineitem price,Lineitem sku,Cancelled at,Refunded Amount,Phone
#1001,ann@example.com,paid,2026-04-05 21:06:21 +0400,EUR,30.50,2026-04-05 21:06:20 +0400,2,Mug,10.25,MUG-1,,0.00,
#1001,,,,,,,1,Tea towel,10.00,,,,
#1002,bob@example.com,refunded,2026-04-06 10:00:00 +0400,EUR,10.00,2026-04-06 09:59:00 +0400,1,Mug,10.00,MUG-1,,10.00,
#1003,cy@example.com,voided,,EUR,10.00,2026-04-07 09:00:00 +0400,1,Mug,10.00,MUG-1,2026-04-07 12:00:00 +0400,0.00,
#1004,,pending,,EUR,10.00,2026-04-08 09:00:00 +0400,1,Mug,10.00,MUG-1,,0.00,
#1005,dee@example.com,expired,,EUR,10.00,2026-04-09 09:00:00 +0400,1,Mug,10.00,MUG-1,,0.00,
"""

WOOCOMMERCE = """Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,SKU,Item Name,Quantity,Item Cost
71,Completed,2026-03-02 11:20,ann@example.com,24.00,MUG,Mug,2,8.00
71,Completed,2026-03-02 11:20,ann@example.com,24.00,,Tea towel,1,8.00
72,wc-on-hold,2026-03-03 10:00,bob@example.com,8.00,MUG,Mug,1,8.00
73,Cancelled,2026-03-04 10:00,bob@example.com,8.00,MUG,Mug,1,8.00
74,Lost,2026-03-04 10:00,bob@example.com,8.00,MUG,Mug,1,8.00
"""

# What newer versions of the plugin start with: the quantity without what was refunded.
WOOCOMMERCE_REFUNDED = """Order Number,Order Status,Order Date,Customer Note,Email (Billing),Order Refund Amount,\
Order Total Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code
81,Completed,2026-03-02 11:20,,ann@example.com,8.00,24.00,MUG,1,Mug,2,8.00,
81,Completed,2026-03-02 11:20,,ann@example.com,8.00,24.00,TEA,2,Tea towel,0,8.00,
82,Refunded,2026-03-03 11:20,,ann@example.com,8.00,8.00,MUG,1,Mug,0,8.00,
"""

OLIST = {
    "olist_order_items_dataset.csv": """"order_id","order_item_id","product_id","seller_id","shipping_limit_date",\
"price","freight_value"
"o1",1,"p1","s1",2017-09-19 09:45:35,58.90,13.29
"o1",2,"p1","s1",2017-09-19 09:45:35,58.90,13.29
"o1",3,"p2","s1",2017-09-19 09:45:35,12.00,13.29
"o2",1,"p1","s1",2017-09-20 09:45:35,58.90,13.29
"o9",1,"p1","s1",2017-09-20 09:45:35,58.90,13.29
""",
    "olist_orders_dataset.csv": """"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at"
"o1","c1","delivered",2017-09-13 08:59:02,2017-09-13 09:45:35
"o2","c2","canceled",2017-09-14 08:59:02,
"o3","c2","unavailable",2017-09-15 08:59:02,
""",
    "olist_customers_dataset.csv": """"customer_id","customer_unique_id","customer_zip_code_prefix","customer_city"
"c1","u1","14409","franca"
"c2","u1","09790","sao bernardo"
""",
}

RETAILROCKET = """timestamp,visitorid,event,itemid,transactionid
1433221332117,257597,view,355908,
1433224214164,992329,view,248676,
1433221999827,111016,addtocart,318965,
1433222276276,599528,transaction,356475,4000
1433222276300,599528,transaction,15335,4000
"""

REES46 = """event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,view,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde
2019-10-01 00:00:05 UTC,cart,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde
2019-10-01 00:01:00 UTC,purchase,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde
2019-10-01 00:01:00 UTC,purchase,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde
2019-10-01 00:02:00 UTC,purchase,3900821,2053013552326770905,appliances,aqua,33.20,541312140,72d76fde
"""


def write_olist(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in OLIST.items():
        (folder / name).write_text(content)
    return folder
