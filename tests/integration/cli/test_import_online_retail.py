"""A shop's history goes in through the API: every row is accounted for, and a second run changes nothing."""

import asyncio
import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from ordercast.client.answers import ImportAnswer
from ordercast.imports.import_online_retail import SimulatedViews, import_online_retail
from ordercast.imports.sent_batches import SentBatches
from ordercast.reading.tail import tail
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected
from tests.support.oracle_online_retail import cells

WriteRows = Callable[[list[tuple[str, ...]]], Path]


def history(prefix: str) -> list[tuple[str, ...]]:
    """Two orders and a cancellation, with every trap between them; `prefix` makes the numbers those of one test."""
    return [
        cells(InvoiceNo=f"{prefix}1", CustomerID="17850.0", StockCode="85123A", Quantity="6", UnitPrice="2.555"),
        cells(InvoiceNo=f"{prefix}1", CustomerID="17850.0", StockCode="71053", Quantity="80995"),
        cells(InvoiceNo=f"{prefix}1", CustomerID="17850.0", StockCode="71053", Quantity="80995"),  # exact duplicate
        cells(InvoiceNo=f"{prefix}1", CustomerID="17850.0", StockCode="22", UnitPrice="0.0"),
        cells(InvoiceNo=f"{prefix}2", CustomerID="", StockCode="22"),
        cells(InvoiceNo=f"{prefix}3", CustomerID="13047.0", StockCode="85123A", InvoiceDate="2011-07-01 10:00:00"),
        cells(InvoiceNo=f"{prefix}4", CustomerID="13047.0", InvoiceDate="2999-01-01 00:00:00"),  # the API refuses this
        cells(InvoiceNo=f"C{prefix}5", CustomerID="17850.0", StockCode="85123A", Quantity="-2"),
    ]


async def state(connection: asyncpg.Connection) -> list[Any]:
    """All that an import may touch."""
    tables = ("accounts", "products", "orders", "order_items", "feature_rows")
    sums = "SELECT sum(view_count), sum(total_quantity), sum(cancelled_quantity) FROM feature_rows"
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608
    return [*counts, tuple(await connection.fetchrow(sums))]


async def test_rows_in_are_rows_imported_plus_rows_refused_with_their_reasons(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    report = await import_online_retail(running.admin, rows_file(history("70")), rejects)
    assert (report.rows, report.rows_imported, report.rows_refused) == (8, 4, 4)
    assert (report.orders_created, report.orders_repeated) == (3, 0)
    with rejects.open(newline="") as file:
        refused = {int(row["row"]): row["reason"] for row in csv.DictReader(file)}
    assert refused == {
        4: "exact duplicate",
        5: "UnitPrice is zero or less",
        6: "no CustomerID",
        8: "refused by the API: occurred_at lies more than a day in the future",
    }


async def test_orders_have_their_times_prices_and_accounts_and_a_cancellation_takes_back(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    await import_online_retail(running.admin, rows_file(history("71")), tmp_path / "rejects.csv")
    async with connected(running.database_url) as connection:
        rows = await connection.fetch(
            "SELECT order_ref, account_ref, status, is_cancellation, o.created_at, sku, quantity, unit_price::text "
            "FROM orders o JOIN order_items i ON i.order_id = o.id JOIN accounts a ON a.id = o.account_id "
            "JOIN products p ON p.id = i.product_id WHERE order_ref ~ '^C?71' ORDER BY order_ref, line"
        )
    winter, summer = datetime(2010, 12, 1, 8, 26, tzinfo=UTC), datetime(2011, 7, 1, 9, 0, tzinfo=UTC)
    assert [tuple(row) for row in rows] == [
        ("711", "17850", "CONFIRMED", False, winter, "85123A", 6, "2.5550"),
        ("711", "17850", "CONFIRMED", False, winter, "71053", 80995, "2.5500"),
        ("713", "13047", "CONFIRMED", False, summer, "85123A", 6, "2.5500"),
        ("C715", "17850", "CANCELLED", True, winter, "85123A", 2, "2.5500"),
    ]


async def test_a_second_run_changes_nothing_with_simulated_views_too(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    file = rows_file(history("72"))

    def views() -> SimulatedViews:
        return SimulatedViews(1, SentBatches(tmp_path / "sent"))

    first = await import_online_retail(running.admin, file, tmp_path / "rejects.csv", views=views())
    assert first.view_events == 3  # one for each line of an order, none for the cancellation
    await verify(running.database_url, running.bootstrap)
    async with connected(running.database_url) as connection:
        before = await state(connection)
        second = await import_online_retail(running.admin, file, tmp_path / "rejects.csv", views=views())
        # As if the machine had been lost with its memory of what was sent: within a day the API knows it, too.
        third = await import_online_retail(
            running.admin, file, tmp_path / "rejects.csv", views=SimulatedViews(1, SentBatches(tmp_path / "lost"))
        )
        assert (await verify(running.database_url, running.bootstrap)).differences == []
        assert await state(connection) == before
    for again in (second, third):
        assert (again.orders_created, again.orders_repeated) == (0, 3)
        assert (again.rows, again.rows_imported) == (first.rows, first.rows_imported)
    assert (second.view_events, second.view_batches_repeated) == (0, 1)


async def test_a_row_that_was_refused_can_be_brought_in_once_it_is_corrected(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    good = [cells(InvoiceNo="751", StockCode="85123A"), cells(InvoiceNo="752", StockCode="85123A")]
    broken = cells(InvoiceNo="751", StockCode="71053", Description="caf\udce9")
    corrected = cells(InvoiceNo="751", StockCode="71053", Description="café")
    rejects = tmp_path / "rejects.csv"
    first = await import_online_retail(running.admin, rows_file([*good, broken]), rejects)
    assert (first.rows_imported, first.rows_refused) == (2, 1)
    second = await import_online_retail(running.admin, rows_file([*good, corrected]), rejects)
    reason = "refused by the API: the order_ref is known with other content: the number of items is 1 there"
    assert (second.rows_imported, dict(second.refused)) == (1, {reason: 2})
    third = await import_online_retail(running.admin, rows_file([*good, corrected]), rejects, on_conflict="replace")
    assert (third.rows_imported, third.rows_refused, third.orders_replaced) == (3, 0, 1)
    assert (await verify(running.database_url, running.bootstrap)).differences == []


async def test_verify_finds_no_difference_whatever_an_import_did_to_orders(running: Running) -> None:
    def line(ref: str, quantity: int = 2, **changes: Any) -> dict[str, Any]:
        items = [
            {"sku": "import-a", "quantity": quantity, "unit_price": "1.50"},
            {"sku": "import-b", "quantity": 1, "unit_price": "0"},
        ]
        return {
            "order_ref": f"import-{ref}",
            "account_ref": "import-shop",
            "occurred_at": "2019-03-01T00:00:00Z",
            "items": items,
        } | changes

    async def send(*lines: dict[str, Any], **options: Any) -> ImportAnswer:
        return await running.admin.order_api.import_orders(lines, create_missing=True, currency="EUR", **options)

    await send(line("1"), line("2", status="PENDING"), line("3"), line("4"), line("5", status="CANCELLED"))
    await send(line("6", kind="cancellation"), line("7", status="PENDING", currency="JPY"))
    (returned,) = [order async for order in running.admin.order_api.orders(order_ref="import-3")]
    await running.admin.order_api.cancel_order(returned.id, {1: 1})
    later: dict[str, Any] = {"status": "CANCELLED", "cancelled_at": "2019-04-01T00:00:00Z"}
    answer = await send(
        line("1", **later), line("3", **later), line("2", confirmed_at="2019-03-05T00:00:00Z"), line("2", **later)
    )
    assert (answer.changed, answer.refused) == (4, [])
    replaced = await send(line("4", 7), line("5", 8), line("7", 9, status="CANCELLED"), on_conflict="replace")
    assert (replaced.replaced, replaced.refused) == (3, [])
    assert (await verify(running.database_url, running.bootstrap)).differences == []
    async with connected(running.database_url) as connection:
        row = await connection.fetchrow(
            "SELECT order_count, total_quantity, cancelled_quantity FROM feature_rows f JOIN products p "
            "ON p.id = f.product_id WHERE sku = 'import-a'"
        )
    # Ordered: six orders of 2, then 7, 8 and 9 anew. Taken back: all that was cancelled, each piece once, and the cancellation.
    assert tuple(row) == (9, 6 * 2 + 7 + 8 + 9, 6 * 2 + 9 + 2)


async def test_a_file_of_which_nothing_comes_in_ends_with_exit_code_1(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    file = str(rows_file([cells(InvoiceNo="761", InvoiceDate="2999-01-01 00:00:00"), cells(CustomerID="")]))
    result = await running.run("import", "online-retail", file, "--rejects", str(tmp_path / "rejects.csv"))
    assert result.exit_code == 1
    assert "rows in 2 = imported 0 + refused 2" in result.stdout


async def test_simulated_views_are_marked_in_their_events(
    running: Running, rows_file: WriteRows, tmp_path: Path
) -> None:
    views = SimulatedViews(1, SentBatches(tmp_path / "sent"))
    await import_online_retail(running.admin, rows_file(history("73")), tmp_path / "rejects.csv", views=views)
    async with asyncio.timeout(30):
        async for event in tail(running.bootstrap, ["views"], from_start=True):
            if isinstance(event.data, dict) and event.data["occurred_at"] < "2012":
                assert event.data["simulated"] is True
                return


async def test_the_command_prints_that_the_rows_add_up(running: Running, rows_file: WriteRows, tmp_path: Path) -> None:
    file = str(rows_file(history("74")))
    rejects = str(tmp_path / "rejects.csv")
    result = await running.run("import", "online-retail", file, "--rejects", rejects)
    assert result.exit_code == 0, result.output
    assert "rows in 8 = imported 4 + refused 4" in result.stdout
    as_json = await running.run("import", "online-retail", file, "--rejects", rejects, "--json")
    document = json.loads(as_json.stdout)
    assert (document["orders_created"], document["orders_repeated"]) == (0, 3)
    assert document["refused"]["exact duplicate"] == 1


async def test_a_file_of_another_shape_is_refused_in_one_line(running: Running, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = await running.run(
        "import", "online-retail", str(tmp_path / "other.csv"), "--rejects", str(tmp_path / "r.csv")
    )
    assert result.exit_code == 1
    assert "the first row is 'a,b'" in result.stderr
    assert "Traceback" not in result.output
