"""Rows become views and products."""

from pathlib import Path

from ordercast.imports.profiles.mapping import Subject
from tests.support.shop_files import read


def test_views_have_counts_and_names_where_the_file_tells_them(tmp_path: Path) -> None:
    path = tmp_path / "views.csv"
    path.write_text(
        "user_id,sku,date,views,title\nann,MUG,2026-04-05 10:00,3,Mug\nbob,MUG,2026-04-05 10:00,,\n,MUG,x,1,\n"
    )
    result = read(path, Subject.VIEWS)
    assert result.lines == [
        {"account_ref": "ann", "sku": "MUG", "occurred_at": "2026-04-05T08:00:00+00:00", "name": "Mug", "count": 3},
        {"account_ref": "bob", "sku": "MUG", "occurred_at": "2026-04-05T08:00:00+00:00"},
    ]
    assert result.refused == {4: "no user_id"}


def test_products_have_prices_and_may_be_inactive(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku;name;price;active\nMUG;Mug;1.234,50;yes\nTEA;;3,9;no\nBAD;Bad;x;maybe\nOLD;Old;1,0;maybe\n")
    result = read(path, Subject.PRODUCTS)
    assert result.lines == [
        {"sku": "MUG", "name": "Mug", "price": "1234.5000", "currency": "EUR", "active": True},
        {"sku": "TEA", "name": "TEA", "price": "3.9000", "currency": "EUR", "active": False},
    ]
    assert result.refused == {4: "price is no number", 5: "active 'maybe' is neither yes nor no"}
