"""verify finds no difference where there is none and every difference that there is; its table is the plain one."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.services.feature_worker.admit import Admitted, Refused, admit
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.verify import spool
from ordercast.verify.compare import Difference, differences
from ordercast.verify.recompute import DAY, PAIR, expected_features, expected_trends, without_repeats
from ordercast.verify.view_events import ViewRow, view_of
from tests.support.oracle_features import (
    DAY_US,
    Item,
    View,
    features_frame,
    items_frame,
    plain_features,
    plain_trends,
    trends_frame,
    views_frame,
)

PARTITIONS = 4
# Few ids and few moments, so that ties and repeats are common.
ORDER = st.tuples(
    st.integers(1, 3),
    st.sampled_from([0, 5, 7, DAY_US - 1, DAY_US]),
    st.sampled_from([(True, False), (True, True), (False, True)]),
)
LINES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(0, 30_000)), min_size=1, max_size=3)
VIEW = st.builds(View, st.integers(1, 3), st.integers(1, 3), st.uuids().map(str), st.integers(1, 99), st.integers(0, 9))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Item], list[View]]:
    items: list[Item] = []
    for order_id in draw(st.lists(st.uuids(), max_size=6, unique=True)):
        account, moment, (placed, cancelled) = draw(ORDER)
        for line, (product, quantity, price) in enumerate(draw(LINES), start=1):
            items.append(Item(account, product, str(order_id), line, quantity, price, moment, placed, cancelled))
    return draw(st.permutations(items)), draw(st.lists(VIEW, max_size=12))


@settings(deadline=None, max_examples=60)  # pandas takes its time on a busy machine
@given(histories())
def test_the_recomputed_tables_are_those_of_one_event_after_the_other(history: tuple[list[Item], list[View]]) -> None:
    items, views = history
    features = expected_features(items_frame(items), views_frame(views), PARTITIONS)
    plain = features_frame(list(plain_features(items, views, PARTITIONS).values()))
    assert list(differences("feature_rows", PAIR, features, plain)) == []
    trends = expected_trends(items_frame(items), views_frame(views))
    assert list(differences("daily_trends", DAY, trends, trends_frame(list(plain_trends(items, views).values())))) == []


@settings(deadline=None, max_examples=60)  # pandas takes its time on a busy machine
@given(histories(), st.data())
def test_one_changed_field_is_one_difference(history: tuple[list[Item], list[View]], data: st.DataObject) -> None:
    items, views = history
    rows = [list(row) for row in plain_features(items, views, PARTITIONS).values()]
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.integers(2, len(spool.FEATURES) - 1))
    name = spool.FEATURES.names[column]
    before = row[column]
    row[column] = "another" if name == "first_event_id" else (before or 0) + 1
    found = list(
        differences(
            "feature_rows",
            PAIR,
            expected_features(items_frame(items), views_frame(views), PARTITIONS),
            features_frame(rows),
        )
    )
    key = {"account_id": row[0], "product_id": row[1]}
    assert found == [Difference("feature_rows", key, name, before, row[column])]


def test_a_missing_row_and_a_row_too_many_are_differences() -> None:
    items = [Item(1, 2, str(UUID(int=1)), 1, 5, 10_000, 7, True, False)]
    expected = expected_features(items_frame(items), views_frame([]), PARTITIONS)
    (row,) = plain_features(items, [], PARTITIONS).values()
    found = list(differences("feature_rows", PAIR, expected, features_frame([(9, *row[1:])])))
    assert sorted(map(str, found)) == [
        "feature_rows account_id=1, product_id=2: the row is missing",
        "feature_rows account_id=9, product_id=2: the row should not be there",
    ]


def test_a_missing_value_differs_from_a_present_one() -> None:
    items = [Item(1, 2, str(UUID(int=1)), 1, 5, 10_000, 7, True, False)]
    expected = expected_features(items_frame(items), views_frame([]), PARTITIONS)
    (row,) = plain_features(items, [], PARTITIONS).values()
    changed = list(row)
    changed[spool.FEATURES.get_field_index("first_price")] = None
    (found,) = differences("feature_rows", PAIR, expected, features_frame([changed]))
    assert str(found) == "feature_rows account_id=1, product_id=2: first_price is None, should be 10000"


def test_a_repeated_view_counts_once() -> None:
    views = views_frame([View(1, 2, "a", 5, 7), View(1, 2, "b", 5, 7), View(1, 2, "a", 5, 7)])
    assert without_repeats(views)["count"].sum() == 10


def test_rows_come_back_from_the_spool_slice_by_slice_with_all_of_a_product_together(tmp_path: Path) -> None:
    rows = [View(account, product, f"{account}/{product}", 1, 0) for account in range(1, 50) for product in range(1, 8)]
    with spool.Spool(tmp_path, "views", spool.VIEWS, 3) as views:
        views.add(rows[:100])
        views.add(rows[100:])
    frames = [views.frame(number) for number in range(3)]
    assert sorted(id_ for f in frames for id_ in f["event_id"]) == sorted(row.event_id for row in rows)
    assert [set(f["product_id"] % 3) for f in frames] == [{0}, {1}, {2}]
    assert views.rows == len(rows)


@pytest.mark.parametrize(("rows", "slices"), [(0, 1), (300_000, 1), (300_001, 2), (10**12, 256)])
def test_more_rows_are_dealt_into_more_slices(rows: int, slices: int) -> None:
    assert spool.slices_for(rows) == slices


HEADERS = {
    "ce_specversion": b"1.0",
    "ce_id": b"01890a5d-ac96-774b-bcce-b302099a8057",
    "ce_source": b"/test",
    "ce_type": b"ordercast.product.viewed.v1",
    "ce_time": b"2026-01-01T00:00:00.000001+00:00",
    "ce_producer": b"p",
    "ce_sequence": b"1",
    "ce_numbering": b"dense",
}
BODY = b'{"account_id":5,"product_id":3,"count":2,"occurred_at":"2026-01-01T00:00:00.000001Z","simulated":false}'


def test_a_view_is_read_out_of_headers_and_body() -> None:
    moment = 1_767_225_600_000_001
    assert view_of(list(HEADERS.items()), BODY, 1, 4) == ViewRow(5, 3, HEADERS["ce_id"].decode(), 2, moment)


def of_worker(headers: list[tuple[str, bytes]], body: bytes | None) -> Admitted | Refused:
    return admit(StoredRecord(b"5", body, headers, 0, Partition("views", 1), 7), 4)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"ce_producer": b"p" * 300, "ce_sequence": str(2**63 - 1).encode()}, BODY),
        ({}, BODY.replace(b"00001Z", b"00001+0530")),
        ({}, BODY.replace(b"T00:00:00.000001Z", b"t00:00:00z")),
        ({}, BODY.replace(b"T00:00:00.000001Z", b" 00:00:00")),
        ({}, BODY.replace(b',"simulated":false', b',"later":null')),
    ],
)
def test_a_view_for_verify_is_one_for_the_worker(changed: dict[str, bytes], body: bytes) -> None:
    headers = list({**HEADERS, **changed}.items())
    assert view_of(headers, body, 1, 4) is not None
    assert isinstance(of_worker(headers, body), Admitted)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"ce_type": b"ordercast.product.viewed.v9"}, BODY),
        ({"ce_source": b"\xff"}, BODY),
        ({"ce_sequence": str(2**63).encode()}, BODY),
        ({"ce_producer": b"p" * 301}, BODY),
        ({"ce_producer": b"p\0"}, BODY),
        ({}, BODY.decode().encode("utf-16")),
        ({}, BODY.replace(b"false", b"1")),
        ({}, BODY.replace(b"}", b',"later":NaN}')),
        ({}, BODY.replace(b"T00:00:00.000001Z", b"")),
        ({"ce_specversion": b"0.3"}, BODY),
        ({"ce_id": b"7"}, BODY),
        ({"ce_time": b"2026-01-01T00:00:00"}, BODY),
        ({"ce_time": b"1969-01-01T00:00:00Z"}, BODY),
        ({"ce_sequence": b"0"}, BODY),
        ({"ce_producer": b""}, BODY),
        ({}, None),
        ({}, b"{"),
        ({}, b"[]"),
        ({}, b"[" * 100_000),
        ({}, BODY.replace(b'"count":2', b'"count":0')),
        ({}, BODY.replace(b'"count":2', b'"count":true')),
        ({}, BODY.replace(b'"count":2', b'"count":"2"')),
        ({}, BODY.replace(b'"account_id":5', b'"account_id":6')),  # of another partition
    ],
)
def test_what_the_contract_does_not_allow_is_no_view(changed: dict[str, bytes], body: bytes | None) -> None:
    headers: list[tuple[str, Any]] = list({**HEADERS, **changed}.items())
    assert view_of(headers, body, 1, 4) is None
    assert isinstance(of_worker(headers, body), Refused)  # so both agree what counts
