"""Rows become orders, whole or not at all, and none is lost."""

import csv
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.text import MAX_NAME
from ordercast.imports.columns.numbers import Decimals
from ordercast.imports.columns.times import TimeForm
from ordercast.imports.documents.cells import Form
from ordercast.imports.documents.orders import Order, orders_of
from ordercast.imports.files.table import Row
from ordercast.imports.find_form import Choices
from ordercast.imports.import_file import read_file, try_file
from ordercast.imports.profiles.known import GENERIC
from ordercast.imports.profiles.mapping import Columns, Subject
from tests.support.shop_files import Read, read

HEADER = ("order_ref", "customer", "date", "sku", "qty", "price")
GOOD = ("1", "17850", "2026-04-05 21:06", "MUG", "2", "10.25")


def rows_read(folder: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = HEADER, **choices: Any) -> Read:
    path = folder / "rows.csv"
    with path.open("w", newline="", errors="surrogateescape") as file:
        csv.writer(file).writerows([header, *rows])
    return read(path, **choices)


def cells(**changes: str) -> tuple[str, ...]:
    return tuple({**dict(zip(HEADER, GOOD, strict=True)), **changes}.values())


def test_rows_of_an_order_become_one_line_at_its_earliest_time_wherever_they_stand(tmp_path: Path) -> None:
    result = rows_read(
        tmp_path,
        [cells(), cells(order_ref="2"), cells(sku="TEA", date="2026-04-05 21:05", qty="3.0", price="1,234.5")],
    )
    assert result.lines[0] == {
        "order_ref": "1",
        "account_ref": "17850",
        "occurred_at": "2026-04-05T19:05:00+00:00",
        "status": "CONFIRMED",
        "items": [
            {"sku": "MUG", "name": "MUG", "quantity": 2, "unit_price": "10.2500"},
            {"sku": "TEA", "name": "TEA", "quantity": 3, "unit_price": "1234.5000"},
        ],
    }
    assert len(result.lines) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"customer": ""}, "no customer"),
        ({"customer": "nan"}, "no customer"),
        ({"customer": "x" * 256}, "customer is longer than 255 characters"),
        ({"order_ref": ""}, "no order_ref"),
        ({"sku": " "}, "no sku"),
        ({"date": "yesterday"}, "date is no date and time"),
        ({"date": ""}, "no date"),
        ({"date": "1969-12-30 10:00"}, "date lies before 1970"),
        ({"date": "2126-03-29 10:00"}, "date lies more than a day in the future"),
        ({"sku": "x" * 101}, "sku is longer than 100 characters"),
        ({"sku": "a\u2028b"}, "sku has control characters, or more than one line"),
        ({"order_ref": "a\tb"}, "order_ref has control characters, or more than one line"),
        ({"date": "2026-03-29 02:30"}, "date is in the hour that summer time leaves out"),
        ({"qty": "1.5"}, "qty is no whole number"),
        ({"qty": "0"}, "qty is zero or less"),
        ({"qty": "1000001"}, "qty is more than 1,000,000"),
        ({"qty": "two"}, "qty is no number"),
        ({"price": "-1"}, "price is less than zero"),
        ({"price": "1.23456"}, "price has more than 4 decimals"),
        ({"price": "100000000"}, "price is more than 99,999,999.9999"),
        ({"sku": "a\0b"}, "bytes that are no text of the file's encoding, or a NUL character"),
    ],
)
def test_a_bad_cell_is_refused_in_the_words_of_the_file(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    result = rows_read(tmp_path, [cells(order_ref="9"), cells(**changes)], encoding="utf-8")
    assert result.refused == {3: reason}
    assert [line["order_ref"] for line in result.lines] == ["9"]


def test_a_word_that_is_no_currency_is_refused_before_the_api_is_asked(tmp_path: Path) -> None:
    rows = [
        (*cells(order_ref=ref), currency) for ref, currency in (("1", "eur"), ("2", "Euro"), ("3", ""), ("4", "XXQ"))
    ]
    result = rows_read(tmp_path, rows, (*HEADER, "currency"))
    reason = "currency {!r} is no code of ISO 4217, such as EUR"
    assert result.refused == {3: reason.format("Euro"), 5: reason.format("XXQ")}
    assert [line.get("currency") for line in result.lines] == ["EUR", None]


def test_a_price_of_zero_is_a_gift(tmp_path: Path) -> None:
    (line,) = rows_read(tmp_path, [cells(price="0.00")]).lines
    assert line["items"][0]["unit_price"] == "0.0000"


def test_an_order_with_a_refused_row_is_refused_whole(tmp_path: Path) -> None:
    result = rows_read(tmp_path, [cells(), cells(sku="TEA", qty="x"), cells(order_ref="2")])
    assert result.refused == {2: "another row of its order is refused", 3: "qty is no number"}
    assert [line["order_ref"] for line in result.lines] == ["2"]


def test_a_row_of_another_customer_on_an_order_is_refused(tmp_path: Path) -> None:
    assert (
        rows_read(tmp_path, [cells(), cells(customer="2")]).refused[3] == "another customer than the rest of the order"
    )


def test_a_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    result = rows_read(tmp_path, [*(cells(order_ref=str(number)) for number in range(20)), ("99", "1")])
    assert result.refused == {22: "the row has 2 cells, the header 6"}


def test_an_order_takes_2000_items_and_no_more(tmp_path: Path) -> None:
    result = rows_read(tmp_path, [cells(sku=str(number)) for number in range(2_001)])
    assert set(result.refused.values()) == {"the order has more than 2,000 items"}
    assert rows_read(tmp_path, [cells(sku=str(number)) for number in range(2_000)]).refused == {}


def test_rows_can_be_grouped_by_other_columns_and_summed(tmp_path: Path) -> None:
    rows = [cells(), cells(order_ref="2"), cells(order_ref="3", price="9")]
    result = rows_read(tmp_path, rows, group_by=["customer", "date"], sum_duplicate_lines=True)
    (line,) = result.lines
    assert line["order_ref"] == "17850/2026-04-05 21:06"
    assert [(item["quantity"], item["unit_price"]) for item in line["items"]] == [(4, "10.2500"), (2, "9.0000")]
    assert "summed" in " ".join(result.found.words)


def test_accounts_get_the_prefix_of_their_shop(tmp_path: Path) -> None:
    (line,) = rows_read(tmp_path, [cells(customer="17850.0")], account_prefix="north-").lines
    assert line["account_ref"] == "north-17850"


def test_words_of_the_shop_for_a_status_are_told(tmp_path: Path) -> None:
    row = [(*cells(), "Terminée")]
    header = (*HEADER, "status")
    assert list(rows_read(tmp_path, row, header=header).refused.values()) == [
        "status 'Terminée' is no status that is known"
    ]
    (line,) = rows_read(tmp_path, row, header=header, statuses=["terminée=confirmed"]).lines
    assert line["status"] == "CONFIRMED"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("paid", "CONFIRMED"),
        ("Open", "PENDING"),
        ("Canceled", "CANCELLED"),
        ("", "CONFIRMED"),
        ("배송완료", "CONFIRMED"),
        ("결제 완료", "CONFIRMED"),
        ("입금 대기", "PENDING"),
    ],
)
def test_a_status_in_the_shops_words_is_known(tmp_path: Path, word: str, status: str) -> None:
    (line,) = rows_read(tmp_path, [(*cells(), word)], header=(*HEADER, "status")).lines
    assert line["status"] == status


ROWS = st.tuples(
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["2011-01-01 10:00:00", "nonsense"]),
    st.sampled_from(["MUG", "TEA", ""]),
    st.sampled_from(["1", "x", "0"]),
    st.sampled_from(["1.5", "-1"]),
)


@given(st.lists(ROWS, max_size=30), st.booleans())
def test_every_row_is_in_exactly_one_order_or_refused(cells_of_rows: list[tuple[str, ...]], summed: bool) -> None:
    mapping = msgspec.structs.replace(GENERIC.mappings[Subject.ORDERS], sum_duplicate_lines=summed)
    times = {"occurred_at": TimeForm(None, zoned=False)}
    form = Form(Subject.ORDERS, mapping, Columns(mapping, HEADER), Decimals.POINT, times, ZoneInfo("UTC"), "EUR")
    rows = [Row(number, row) for number, row in enumerate(cells_of_rows, start=2)]
    imported, refused, refs = [], [], []
    for outcome in orders_of(sorted(rows, key=lambda row: row.cells[0]), form):
        if isinstance(outcome, Order):
            imported += [row.number for row in outcome.rows]
            refs.append(outcome.line["order_ref"])
            assert sum(item["quantity"] for item in outcome.line["items"]) == len(outcome.rows)
        else:
            refused.append(outcome.row.number)
    assert sorted(imported + refused) == [row.number for row in rows]
    assert len(set(refs)) == len(refs)


OWN: dict[str, Any] = {
    "order_ref": "1",
    "account_ref": "ann",
    "occurred_at": "2026-04-05T21:06:00Z",
    "items": [{"sku": "MUG", "quantity": 2.0, "unit_price": "1.50"}],
}


def own_lines(folder: Path, *lines: dict[str, Any] | str) -> Path:
    path = folder / "own.ndjson"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"account_ref": ["ann"]}, "account_ref"),
        ({"occurred_at": "soon"}, "occurred_at"),
        ({"occurred_at": "2026-04-05T21:06:00"}, "occurred_at"),
        ({"currency": ["EUR"]}, "currency"),
        ({"items": None}, "items"),
        ({"items": [{"quantity": 1, "unit_price": "1"}]}, "items[0]"),
        ({"items": [{"sku": ["MUG"], "quantity": 1, "unit_price": "1"}]}, "items[0].sku"),
        ({"items": [{"sku": "MUG", "quantity": "1", "unit_price": "1"}]}, "items[0].quantity"),
        ({"items": [{"sku": "MUG", "quantity": 1, "unit_price": "1e999999999"}]}, "items[0].unit_price"),
        ({"items": [{"sku": "MUG", "quantity": 1, "unit_price": "sNaN"}]}, "items[0].unit_price"),
    ],
)
def test_a_line_of_the_apis_own_form_that_is_none_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], place: str
) -> None:
    with read_file(own_lines(tmp_path, OWN, {**OWN, **changes}), Choices(Subject.ORDERS)) as file:
        report, _ = try_file(file, 0)
    assert report.rows_imported == 1
    (reason,) = report.refused
    assert reason.endswith(f"look at {place}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"occurred_at": "2126-04-05T21:06:00Z"}, "occurred_at lies more than a day in the future"),
        ({"currency": "XXQ"}, "currency 'XXQ' is no code of ISO 4217, such as EUR"),
    ],
)
def test_a_line_of_the_apis_own_form_is_refused_as_the_api_would(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with read_file(own_lines(tmp_path, OWN, {**OWN, **changes}), Choices(Subject.ORDERS)) as file:
        report, _ = try_file(file, 0)
    assert (report.rows_imported, dict(report.refused)) == (1, {reason: 1})


def test_a_name_that_is_too_long_comes_in_with_its_beginning(tmp_path: Path) -> None:
    result = rows_read(tmp_path, [(*cells(), "x" * 300)], (*HEADER, "name"))
    assert len(result.lines[0]["items"][0]["name"]) == MAX_NAME


def test_a_line_of_the_apis_own_form_without_end_is_refused_alone(tmp_path: Path) -> None:
    deep = '{"order_ref": "2", "items": ' + "[" * 99_999 + "\n"
    with read_file(own_lines(tmp_path, OWN, deep), Choices(Subject.ORDERS)) as file:
        report, _ = try_file(file, 0)
    assert (report.rows_imported, report.refused.total(), report.ordered.total()) == (1, 1, 3)
