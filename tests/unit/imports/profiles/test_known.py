"""The exports that many people have are recognised, and read as they are meant."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ordercast.imports.errors import FileUnreadable, Undecided
from ordercast.imports.profiles.mapping import Subject
from tests.support import shop_files
from tests.support.shop_files import Read, read, write_olist


def of(folder: Path, content: str, subject: Subject = Subject.ORDERS, **choices: Any) -> Read:
    path = folder / "export.csv"
    path.write_text(content)
    return read(path, subject, **choices)


def quantities(result: Read) -> dict[str, list[tuple[str, int]]]:
    return {line["order_ref"]: [(item["sku"], item["quantity"]) for item in line["items"]] for line in result.lines}


def test_online_retail(tmp_path: Path) -> None:
    result = of(tmp_path, shop_files.ONLINE_RETAIL, zone="Europe/London")
    assert "profile: online-retail" in result.found.words
    assert quantities(result) == {"536365": [("85123A", 6), ("71053", 80_995)], "C536379": [("85123A", 1)]}
    assert result.lines[0]["occurred_at"] == "2010-12-01T08:26:00+00:00"
    assert result.lines[0]["items"][1]["unit_price"] == "0.0000"
    assert (result.lines[1]["kind"], "status" in result.lines[1]) == ("cancellation", False)
    assert result.refused == {5: "no CustomerID"}
    assert result.left_out == {4: "exact duplicate", 6: "an adjustment, not an order"}


def test_online_retail_ii(tmp_path: Path) -> None:
    result = of(tmp_path, shop_files.ONLINE_RETAIL_II)
    assert "profile: online-retail" in result.found.words
    assert quantities(result) == {"489434": [("85048", 12), ("79323P", 12)]}
    assert result.lines[0]["account_ref"] == "13085"


def test_shopify(tmp_path: Path) -> None:
    result = of(tmp_path, shop_files.SHOPIFY, zone=None, currency=None)
    assert "profile: shopify" in result.found.words
    assert quantities(result)["#1001"] == [("MUG-1", 2), ("Tea towel", 1)]
    paid, refunded, voided, expired = result.lines
    assert (paid["occurred_at"], paid["confirmed_at"]) == ("2026-04-05T17:06:20+00:00", "2026-04-05T17:06:21+00:00")
    assert (paid["account_ref"], paid["status"], paid["currency"]) == ("ann@example.com", "CONFIRMED", "EUR")
    assert (refunded["status"], "cancelled_at" in refunded) == ("CANCELLED", False)
    assert (voided["status"], voided["cancelled_at"]) == ("CANCELLED", "2026-04-07T08:00:00+00:00")
    assert expired["status"] == "PENDING"  # what the customer's bank had allowed was not collected in time
    assert result.refused == {6: "no Email"}


def test_woocommerce(tmp_path: Path) -> None:
    result = of(tmp_path, shop_files.WOOCOMMERCE)
    assert "profile: woocommerce" in result.found.words
    assert quantities(result)["71"] == [("MUG", 2), ("Tea towel", 1)]
    assert [line["status"] for line in result.lines] == ["CONFIRMED", "PENDING", "CANCELLED"]
    assert result.refused == {6: "Order Status 'Lost' is no status that is known"}


def test_woocommerce_with_refunds_taken_off(tmp_path: Path) -> None:
    result = of(tmp_path, shop_files.WOOCOMMERCE_REFUNDED)
    assert "profile: woocommerce" in result.found.words
    assert quantities(result) == {"81": [("MUG", 2)]}
    assert result.left_out == {3: "Quantity (- Refund) is 0", 4: "Quantity (- Refund) is 0"}
    assert result.refused == {}


def test_olist_is_a_folder_of_three_files(tmp_path: Path) -> None:
    result = read(write_olist(tmp_path / "olist"))
    assert "profile: olist" in result.found.words
    assert quantities(result) == {"o1": [("p1", 2), ("p2", 1)], "o2": [("p1", 1)]}
    assert {line["account_ref"] for line in result.lines} == {"u1"}
    assert [line["status"] for line in result.lines] == ["CONFIRMED", "CANCELLED"]
    assert result.refused == {6: "no customer_unique_id"}  # of an order that is not in the folder
    assert result.left_out == {7: "no product_id"}  # an order without items


def test_a_folder_without_these_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="has no olist_order_items_dataset"):
        read(tmp_path)


def test_retailrocket_holds_views_and_orders_without_prices(tmp_path: Path) -> None:
    views = of(tmp_path, shop_files.RETAILROCKET, Subject.VIEWS, zone=None)
    assert [line["sku"] for line in views.lines] == ["355908", "248676", "318965"]
    assert [line.get("kind") for line in views.lines] == [None, None, "cart"]
    assert views.lines[0]["occurred_at"] == "2015-06-02T05:02:12.117000+00:00"
    assert views.left_out[5] == "event is 'transaction', not 'view' / 'addtocart'"
    orders = of(tmp_path, shop_files.RETAILROCKET, zone=None)
    assert quantities(orders) == {"4000": [("356475", 1), ("15335", 1)]}
    assert "not in the file: quantity is 1 for all, unit_price is 0.00 for all" in orders.found.words
    assert Counter(orders.left_out.values())["event is 'addtocart', not 'transaction'"] == 1


def test_rees46_holds_views_and_a_row_for_each_piece(tmp_path: Path) -> None:
    orders = of(tmp_path, shop_files.REES46, zone=None)
    assert quantities(orders) == {"72d76fde": [("44600062", 2), ("3900821", 1)]}
    views = of(tmp_path, shop_files.REES46, Subject.VIEWS, zone=None)
    assert [line["account_ref"] for line in views.lines] == ["541312140"] * 2
    assert [line.get("kind") for line in views.lines] == [None, "cart"]
    assert views.left_out[4] == "event_type is 'purchase', not 'view' / 'cart'"


def test_lines_of_the_api_come_in_as_they_are(tmp_path: Path) -> None:
    line = '{"order_ref": "1", "account_ref": 7, "occurred_at": "2026-01-01T00:00:00Z", "items": [%s]}'
    item = '{"sku": "MUG", "quantity": 2, "unit_price": "1.00"}'
    result = of(tmp_path, f"{line % item}\n{line % '{}'}\nnonsense\n", zone=None, currency=None)
    assert "profile: ordercast" in result.found.words
    assert [line["account_ref"] for line in result.lines] == [7]
    assert sorted(result.refused) == [2, 3]


def test_a_file_of_orders_holds_no_views(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match="a file of shopify: it holds orders, no views"):
        of(tmp_path, shop_files.SHOPIFY, Subject.VIEWS)
