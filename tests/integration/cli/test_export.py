"""The recipe's data sets are what pandas makes of orders and views, and file 4 is the feature table's ordered rows.

The shop's say of each order, line, view and feature row what it is and whose.
"""

import shlex
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ordercast.kafka_security import client_arguments
from ordercast.reading.data_sets import RECIPE, SHOP
from ordercast.reading.export import export
from ordercast.reading.table_files import Format
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected
from tests.support.page_examples import examples

NAMES = ("orders_data", "view_counts_data", "preprocessed_orders_data", "orders_data_after_drop_duplication")
SHOP_NAMES = ("orders", "order_lines", "views", "features", "activity")
PAIR = ["accountId", "productId"]


@pytest.fixture(scope="module")
async def exported(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files in all formats, of a system with orders, a late order, a cancellation and views."""
    await running.anonymous.order_api.sign_up("export@example.com", "export", "correct horse battery")
    customer = await running.anonymous.log_in("export@example.com", "correct horse battery")
    products = [
        await running.admin.order_api.create_product(f"export-{n}", f"Export {n}", Decimal("1.235") + n, "GBP")
        for n in range(3)
    ]
    await customer.order_api.place_order([(products[0].id, 3), (products[1].id, 4), (products[0].id, 5)])
    cancelled = await customer.order_api.place_order([(products[1].id, 6)])
    await customer.order_api.cancel_order(cancelled.id)
    returned = await customer.order_api.place_order([(products[2].id, 8), (products[2].id, 9)])
    await running.admin.order_api.confirm_order(returned.id)
    await running.admin.order_api.cancel_order(returned.id, {2: 5})
    await customer.order_api.add_views([{"product_id": products[0].id, "count": 7}, {"product_id": products[2].id}])
    await customer.order_api.add_view(products[0].id, kind="cart")  # no view
    # A shop's history: the second line is older than the first, so its quantity is "the first" of the pair.
    for ref, day, quantity, kind in (
        ("x1", 9, 11, "order"),
        ("x2", 3, 12, "order"),
        ("x3", 1, 13, "cancellation"),
    ):
        await running.admin.order_api.import_orders(
            [
                {
                    "order_ref": f"export-{ref}",
                    "account_ref": "export-shop",
                    "occurred_at": datetime(2020, 1, day, tzinfo=UTC).isoformat(),
                    "kind": kind,
                    "items": [{"sku": "export-0", "quantity": quantity, "unit_price": "0.5"}],
                }
            ],
            create_missing=True,
        )
    assert (await verify(running.database_url, running.bootstrap)).differences == []
    folder = tmp_path_factory.mktemp("export")
    for file_format in ("xlsx", "csv", "parquet"):
        files = await export(
            running.database_url, folder, file_format, (*RECIPE, *SHOP), kafka_bootstrap=running.bootstrap
        )
        assert [file.path.name for file in files] == [f"{name}.{file_format}" for name in (*NAMES, *SHOP_NAMES)]
    return folder


def read(folder: Path, name: str, file_format: Format = "parquet") -> pd.DataFrame:
    path = folder / f"{name}.{file_format}"
    if file_format == "xlsx":
        return pd.read_excel(path, engine="calamine")
    return pd.read_csv(path) if file_format == "csv" else pd.read_parquet(path)


def test_the_columns_are_the_recipes(exported: Path) -> None:
    columns = [list(read(exported, name).columns) for name in NAMES]
    joined = ["accountId", "productId", "quantity", "price", "viewCount"]
    assert columns == [joined[:4], ["accountId", "productId", "viewCount"], joined, joined]


def test_the_joined_and_the_deduplicated_file_are_what_pandas_makes_of_the_first_two(exported: Path) -> None:
    orders, views = read(exported, "orders_data"), read(exported, "view_counts_data")
    joined = orders.merge(views, on=PAIR, how="left")
    joined["viewCount"] = joined["viewCount"].fillna(0).astype("int64")
    pd.testing.assert_frame_equal(joined, read(exported, "preprocessed_orders_data"))
    first = joined.drop_duplicates(PAIR).reset_index(drop=True)
    pd.testing.assert_frame_equal(first, read(exported, "orders_data_after_drop_duplication"))


@pytest.mark.parametrize("name", NAMES)
def test_all_formats_hold_the_same_rows(exported: Path, name: str) -> None:
    parquet = read(exported, name)
    if "price" in parquet:
        parquet["price"] = parquet["price"].astype(float)
    for file_format in ("xlsx", "csv"):
        other = read(exported, name, file_format)
        pd.testing.assert_frame_equal(parquet, other, check_dtype=False)


async def test_the_deduplicated_file_holds_exactly_the_rows_of_the_feature_table_that_have_an_order(
    running: Running, exported: Path
) -> None:
    first = read(exported, "orders_data_after_drop_duplication")
    rows = {tuple(row) for row in first.itertuples(index=False, name=None)}
    async with connected(running.database_url) as connection:
        features = await connection.fetch(
            "SELECT account_id, product_id, first_quantity, first_price, view_count FROM feature_rows WHERE order_count > 0"
        )
    assert rows == {tuple(row) for row in features}


async def test_of_a_history_the_oldest_order_is_the_first_and_a_cancellation_is_no_order(
    running: Running, exported: Path
) -> None:
    async with connected(running.database_url) as connection:
        shop = await connection.fetchval("SELECT id FROM accounts WHERE account_ref = 'export-shop'")
    orders = read(exported, "orders_data")
    assert sorted(orders[orders["accountId"] == shop]["quantity"]) == [11, 12]
    first = read(exported, "orders_data_after_drop_duplication")
    assert list(first[first["accountId"] == shop]["quantity"]) == [12]


@pytest.mark.parametrize("name", SHOP_NAMES)
def test_all_formats_hold_the_same_rows_of_the_shops_files(exported: Path, name: str) -> None:
    parquet = read(exported, name)
    for file_format in ("xlsx", "csv"):
        other = read(exported, name, file_format)
        assert list(other.columns) == list(parquet.columns)
        for column in parquet:
            expected, found = parquet[column], other[column]
            if isinstance(parquet[column].dtype, pd.DatetimeTZDtype):
                found = pd.to_datetime(found, utc=True, format="ISO8601")
            elif column in ("day", "known_on"):
                expected = expected.map(str)
            elif pd.api.types.is_numeric_dtype(found.dtype):
                expected = expected.astype(float)
            assert [None if pd.isna(value) else value for value in expected] == [
                None if pd.isna(value) else value for value in found
            ], column


def test_orders_say_whose_they_are_what_became_of_them_and_when(exported: Path) -> None:
    orders = read(exported, "orders").set_index("order_ref")
    ordered, taken_back = orders.loc["export-x1"], orders.loc["export-x3"]
    assert (ordered["kind"], ordered["status"], ordered["account_ref"]) == ("order", "CONFIRMED", "export-shop")
    assert (ordered["currency"], ordered["total"], ordered["lines"]) == ("GBP", Decimal("5.5"), 1)
    assert ordered["ordered_at"] == datetime(2020, 1, 9, tzinfo=UTC)
    assert taken_back["status"] == "CANCELLED"
    assert taken_back["cancelled_at"] == datetime(2020, 1, 1, tzinfo=UTC)
    own = read(exported, "orders")
    assert set(own[own["account_ref"].isna()]["status"]) >= {"PENDING", "CANCELLED"}


def test_lines_belong_to_the_orders_and_name_their_products(exported: Path) -> None:
    orders, lines = read(exported, "orders"), read(exported, "order_lines")
    assert dict(lines.groupby("order_id").size()) == dict(zip(orders["order_id"], orders["lines"], strict=True))
    line = lines[lines["order_ref"] == "export-x2"].iloc[0]
    assert (line["sku"], line["name"], line["quantity"], line["unit_price"]) == (
        "export-0",
        "Export 0",
        12,
        Decimal("0.5"),
    )
    own = lines[lines["sku"].str.startswith("export-")]  # the system is shared with other tests
    taken_back = own[own["quantity"].isin([6, 8, 9])].groupby("quantity")["cancelled_quantity"].sum()
    assert dict(taken_back) == {6: 6, 8: 0, 9: 5}
    assert (line["line"], line["currency"], line["ordered_at"]) == (1, "GBP", datetime(2020, 1, 3, tzinfo=UTC))


async def test_views_are_each_there_once_and_add_up_to_the_features(running: Running, exported: Path) -> None:
    views, features = read(exported, "views"), read(exported, "features")
    assert views["event_id"].is_unique
    counted = features[features["view_count"] > 0].set_index(["account_id", "product_id"])["view_count"]
    assert dict(views.groupby(["account_id", "product_id"])["count"].sum()) == dict(counted)
    assert set(views[views["sku"] == "export-0"]["count"]) == {7}
    assert dict(zip(features["sku"], features["name"], strict=True))["export-2"] == "Export 2"
    async with connected(running.database_url) as connection:
        rows = await connection.fetch(
            "SELECT account_id, product_id, first_ordered_at, first_quantity, first_order_quantity FROM feature_rows"
        )
    names = ["account_id", "product_id", "first_ordered_at", "first_quantity", "first_order_quantity"]
    shown = features[names].astype(object).where(features[names].notna(), None)
    assert set(shown.itertuples(index=False, name=None)) == {tuple(row) for row in rows}


def test_the_activity_adds_up_to_the_features_and_to_the_accounts_orders(exported: Path) -> None:
    activity, features = read(exported, "activity"), read(exported, "features")
    pairs = ["account_id", "product_id"]
    sums = activity.groupby(pairs)[["orders", "quantity", "cancelled_quantity", "views"]].sum().reset_index()
    known = features.rename(columns={"order_count": "orders", "total_quantity": "quantity", "view_count": "views"})
    assert sums.sort_values(pairs).values.tolist() == known.sort_values(pairs)[sums.columns].values.tolist()
    orders = read(exported, "orders")
    placed = orders[orders["kind"] == "order"].groupby("account_id").size()
    first_lines = activity.groupby("account_id")["first_lines"].sum()
    assert dict(first_lines[first_lines > 0]) == dict(placed)
    of_history = (activity["account_ref"] == "export-shop") & (activity["day"] == date(2020, 1, 3))
    assert activity[of_history]["amount"].tolist() == [Decimal(6)]
    assert (activity["known_on"] >= activity["day"]).all()
    assert activity[activity["sku"] == "export-0"]["carts"].sum() == 1


async def test_a_repeated_view_is_exported_once(running: Running, exported: Path, tmp_path: Path) -> None:
    async with AIOKafkaConsumer(auto_offset_reset="earliest", **client_arguments(running.bootstrap)) as consumer:
        consumer.assign([TopicPartition("views", number) for number in range(8)])
        await consumer.seek_to_beginning()
        record = await consumer.getone()
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        await producer.send_and_wait(
            "views", record.value, key=record.key, partition=record.partition, headers=list(record.headers)
        )
    assert (await verify(running.database_url, running.bootstrap)).differences == []  # the worker has read it
    files = await export(running.database_url, tmp_path, "csv", SHOP[2:3], kafka_bootstrap=running.bootstrap)
    assert files[0].rows == len(read(exported, "views"))


async def test_the_command_writes_what_is_asked_for(running: Running, exported: Path, tmp_path: Path) -> None:
    result = await running.run("export", "views", "orders", "--format", "csv", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv", "views.csv"]
    assert result.stdout.splitlines()[0].startswith(str(tmp_path / "orders.csv"))
    wrong = await running.run("export", "nothing", "--out", str(tmp_path))
    assert wrong.exit_code == 2


async def test_the_command_writes_the_files_and_tells_their_rows(
    running: Running, exported: Path, tmp_path: Path
) -> None:
    result = await running.run("export", "--format", "csv", "--out", str(tmp_path / "new" / "folder"))
    assert result.exit_code == 0, result.output
    assert sorted(path.stem for path in (tmp_path / "new" / "folder").iterdir()) == sorted(NAMES)


async def test_a_folder_that_cannot_be_written_to_is_an_error_in_one_line(running: Running, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = await running.run("export", "--out", str(tmp_path / "file"))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert str(tmp_path / "file") in result.stderr.replace("\n", "")


async def test_the_examples_of_the_page_write_what_they_name(
    running: Running, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = examples(Path(__file__).parents[3] / "docs/export.md")
    for command in commands:
        program, *arguments = shlex.split(command.text)
        assert program == "ordercast"
        result = await running.run(*arguments)
        assert result.exit_code == 0, f"{command.text}\n{result.output}"
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert written == {
        *(f"shop/{name}.csv" for name in ("orders", "order_lines")),
        *(f"out/{name}.parquet" for name in ("features", "activity")),
        *(f"out/{name}.xlsx" for name in NAMES),
    }
