"""Olist's public data set: three files of a folder become one table, a row for each piece."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.open_table import open_table
from ordercast.imports.files.table import Row, Table

# The files, with the columns that join them.
_FILES: Final = {
    "olist_order_items_dataset": {"order_id"},
    "olist_orders_dataset": {"order_id", "customer_id"},
    "olist_customers_dataset": {"customer_id"},
}


def open_folder(folder: Path, unpacked: Path, encoding: str | None = None) -> Table:
    """Items with their order and its customer; then orders that have no item.

    Raises:
        FileUnreadable: a file is missing, or is of another form.
    """
    tables = []
    for name, keys in _FILES.items():
        found = sorted(folder.glob(f"{name}.*"))
        if not found:
            raise FileUnreadable(f"{folder} has no {name}.csv", hint="a folder is read where it has the files of olist")
        own = unpacked / name
        own.mkdir()
        table = open_table(found[0], own, encoding)
        if missing := keys.difference(table.header):
            raise FileUnreadable(f"{found[0]} has no column {' and '.join(sorted(missing))}")
        tables.append(table)
    items, orders, customers = tables
    header = (*items.header, *_other(orders.header, "order_id"), *_other(customers.header, "customer_id"))
    return Table(header, _joined(items, orders, customers), f"a folder of olist; {items.found}")


def _other(header: tuple[str, ...], key: str) -> tuple[str, ...]:
    return tuple(name for name in header if name != key)


def _joined(items: Table, orders: Table, customers: Table) -> Iterator[Row]:
    of_order = _by(orders, "order_id")
    of_customer = _by(customers, "customer_id")
    customer_place = _other(orders.header, "order_id").index("customer_id")
    order_place = items.header.index("order_id")
    no_order, no_customer = (("",) * (len(table.header) - 1) for table in (orders, customers))
    without_items = dict.fromkeys(of_order)
    number = 0
    for row in items.rows:
        number = row.number
        key = row.cells[order_place] if len(row.cells) == len(items.header) else ""
        without_items.pop(key, None)
        order = of_order.get(key, no_order)
        yield Row(number, (*row.cells, *order, *of_customer.get(order[customer_place], no_customer)))
    for key in without_items:
        number += 1
        item = tuple(key if place == order_place else "" for place in range(len(items.header)))
        order = of_order[key]
        yield Row(number, (*item, *order, *of_customer.get(order[customer_place], no_customer)))


def _by(table: Table, key: str) -> dict[str, tuple[str, ...]]:
    """The other cells of each row by its key."""
    place = table.header.index(key)
    full = (row.cells for row in table.rows if len(row.cells) == len(table.header))
    return {cells[place]: (*cells[:place], *cells[place + 1 :]) for cells in full}
