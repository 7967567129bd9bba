"""A shop's files go in through the API: every row is accounted for, and a second run changes nothing."""

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import Result

from ordercast.client.order_answers import ImportAnswer
from ordercast.reading.tail import tail
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.support import shop_files
from tests.support.oracle_database import connected

TOLD = ("--zone", "Europe/London", "--currency", "GBP")
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

Import = Callable[..., Awaitable[Result]]


@pytest.fixture
def import_(running: Running, tmp_path: Path) -> Import:
    """`ordercast import SUBJECT` of a file with that content, with rejects beside it."""

    async def run(subject: str, content: str | Path, *options: str) -> Result:
        path = content if isinstance(content, Path) else tmp_path / "file.csv"
        if isinstance(content, str):
            path.write_text(content)
        return await running.run(
            "import", subject, str(path), *TOLD, "--rejects", str(tmp_path / "rejects.csv"), *options
        )

    return run


def history(prefix: str) -> str:
    """Two orders and a cancellation, with every trap between them; `prefix` makes the numbers those of one test."""
    return HEADER + "".join(
        [
            f"{prefix}1,85123A,HEART,6,2010-12-01 08:26:00,2.555,17850.0,UK\n",
            f"{prefix}1,71053,LANTERN,80995,2010-12-01 08:26:00,2.55,17850.0,UK\n",
            f"{prefix}1,71053,LANTERN,80995,2010-12-01 08:26:00,2.55,17850.0,UK\n",  # exact duplicate
            f"{prefix}2,22,BOX,1,2010-12-01 08:26:00,1.00,,UK\n",
            f"{prefix}3,85123A,HEART,6,2011-07-01 10:00:00,2.55,13047.0,UK\n",
            f"{prefix}4,85123A,HEART,6,2999-01-01 00:00:00,2.55,13047.0,UK\n",  # the API refuses this
            f"C{prefix}5,85123A,HEART,-2,2010-12-01 08:26:00,2.55,17850.0,UK\n",
        ]
    )


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


async def state(connection: asyncpg.Connection) -> list[Any]:
    """All that an import may touch."""
    tables = ("accounts", "products", "orders", "order_items", "feature_rows")
    sums = "SELECT sum(view_count), sum(total_quantity), sum(cancelled_quantity) FROM feature_rows"
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608
    return [*counts, tuple(await connection.fetchrow(sums))]


async def test_rows_in_are_rows_imported_refused_and_left_out_with_their_reasons(
    import_: Import, tmp_path: Path
) -> None:
    report = answer(await import_("orders", history("70"), "--json"))
    assert [report[f"rows{kind}"] for kind in ("", "_imported", "_refused", "_left_out")] == [7, 4, 2, 1]
    assert (report["orders_created"], report["orders_repeated"]) == (3, 0)
    with (tmp_path / "rejects.csv").open(newline="") as file:
        refused = {int(row["ordercast_row"]): row["ordercast_reason"] for row in csv.DictReader(file)}
    assert refused[5] == "no CustomerID"
    assert refused[7] == "InvoiceDate lies more than a day in the future"


async def test_orders_have_their_times_prices_and_accounts_and_a_cancellation_takes_back(
    running: Running, import_: Import
) -> None:
    answer(await import_("orders", history("71"), "--json"))
    async with connected(running.database_url) as connection:
        rows = await connection.fetch(
            "SELECT order_ref, account_ref, is_cancellation, o.created_at, sku, quantity, unit_price::text "
            "FROM orders o JOIN order_items i ON i.order_id = o.id JOIN accounts a ON a.id = o.account_id "
            "JOIN products p ON p.id = i.product_id WHERE order_ref ~ '^C?71' ORDER BY order_ref, line"
        )
    winter, summer = datetime(2010, 12, 1, 8, 26, tzinfo=UTC), datetime(2011, 7, 1, 9, 0, tzinfo=UTC)
    assert [tuple(row) for row in rows] == [
        ("711", "17850", False, winter, "85123A", 6, "2.5550"),
        ("711", "17850", False, winter, "71053", 80995, "2.5500"),
        ("713", "13047", False, summer, "85123A", 6, "2.5500"),
        ("C715", "17850", True, winter, "85123A", 2, "2.5500"),
    ]


async def test_a_second_run_changes_nothing_with_simulated_views_too(running: Running, import_: Import) -> None:
    first = answer(await import_("orders", history("72"), "--simulate-views", "--json"))
    assert first["simulated_views"] == 3  # one for each item of an order, none for the cancellation
    await verify(running.database_url, running.bootstrap)
    async with connected(running.database_url) as connection:
        before = await state(connection)
        again = answer(await import_("orders", history("72"), "--simulate-views", "--json"))
        assert (await verify(running.database_url, running.bootstrap)).differences == []
        assert await state(connection) == before
    assert (again["orders_created"], again["orders_repeated"]) == (0, 3)
    assert (again["rows"], again["rows_imported"]) == (first["rows"], first["rows_imported"])
    assert (again.get("simulated_views", 0), again["simulated_views_sent_before"]) == (0, 3)


async def test_simulated_views_are_marked_in_their_events(running: Running, import_: Import) -> None:
    answer(await import_("orders", history("73"), "--simulate-views", "--json"))
    async with asyncio.timeout(30):
        async for event in tail(running.bootstrap, ["views"], from_start=True):
            if isinstance(event.data, dict) and event.data["occurred_at"] < "2012":
                assert event.data["simulated"] is True
                return


def numbered(content: str, shop: str) -> str:
    """The same file of another shop: what it names belongs to one test."""
    for word in ("MUG", "Mug", "Tea towel", "#100", "@example.com"):
        content = content.replace(word, f"{shop}{word}" if word != "@example.com" else f".{shop}{word}")
    return content


@pytest.mark.parametrize(
    ("subject", "content", "imported", "created"),
    [
        ("orders", shop_files.ONLINE_RETAIL_II, 2, 1),
        ("orders", numbered(shop_files.SHOPIFY, "s"), 5, 4),
        ("orders", numbered(shop_files.WOOCOMMERCE, "w"), 4, 3),
        ("orders", shop_files.RETAILROCKET, 2, 1),
        ("orders", shop_files.REES46, 3, 1),
        ("views", shop_files.RETAILROCKET, 3, 2),
        ("views", shop_files.REES46, 2, 1),
        ("products", "sku,name,price\nFILE-1,One,1.50\nFILE-2,Two,2.50\n", 2, 2),
    ],
    ids=["online-retail", "shopify", "woocommerce", "retailrocket", "rees46", "rr-views", "rees-views", "products"],
)
async def test_a_file_of_each_shape_comes_in_and_the_second_time_changes_nothing(
    running: Running, import_: Import, subject: str, content: str, imported: int, created: int
) -> None:
    first = answer(await import_(subject, content, "--json"))
    assert first["rows_imported"] == imported
    new = {"orders": "orders_created", "views": "views_added", "products": "products_created"}[subject]
    assert first[new] == created
    assert first.get("carts_added", 0) == ("addtocart" in content or ",cart," in content) * (subject == "views")
    await verify(running.database_url, running.bootstrap)
    async with connected(running.database_url) as connection:
        before = await state(connection)
        again = answer(await import_(subject, content, "--json"))
        assert (again.get(new, 0), again.get("carts_added", 0)) == (0, 0)
        assert again["rows_imported"] == imported
        assert (await verify(running.database_url, running.bootstrap)).differences == []
        assert await state(connection) == before


async def test_a_folder_of_olist_comes_in(import_: Import, tmp_path: Path) -> None:
    folder = shop_files.write_olist(tmp_path / "olist")
    assert answer(await import_("orders", folder, "--json"))["orders_created"] == 2
    assert answer(await import_("orders", folder, "--json"))["orders_repeated"] == 2


async def test_of_a_file_that_was_appended_to_only_what_is_new_comes_in(import_: Import) -> None:
    views = "user_id,sku,date\n" + "".join(f"appended,{sku},2026-04-05 10:00\n" for sku in "abc")
    assert answer(await import_("views", views, "--json"))["views_added"] == 3
    longer = views + "appended,d,2026-04-05 11:00\n"
    again = answer(await import_("views", longer, "--json"))
    assert (again["views_added"], again["views_sent_before"], again["rows_imported"]) == (1, 3, 4)
    orders = history("75")
    assert answer(await import_("orders", orders, "--json"))["orders_created"] == 3
    more = answer(await import_("orders", orders + "756,22,BOX,1,2011-07-01 10:00:00,1.00,17850,UK\n", "--json"))
    assert (more["orders_created"], more["orders_repeated"]) == (1, 3)


async def test_refused_rows_are_corrected_and_imported(import_: Import, tmp_path: Path) -> None:
    answer(await import_("orders", history("76"), "--json"))
    rejects = (tmp_path / "rejects.csv").read_text()
    corrected = rejects.replace("1.00,,UK", "1.00,17850,UK").replace("2999-", "2011-")
    report = answer(await import_("orders", corrected, "--json"))
    assert (report["rows"], report["orders_created"], report["rows_refused"]) == (2, 2, 0)


async def test_a_changed_order_is_refused_or_replaces_the_one_that_is_there(import_: Import) -> None:
    row = "77,85123A,HEART,{},2010-12-01 08:26:00,2.55,17850,UK\n"
    answer(await import_("orders", HEADER + row.format(6), "--json"))
    refused = await import_("orders", HEADER + row.format(7))
    assert refused.exit_code == 1
    assert "rows in 1 = imported 0 + refused 1" in refused.stdout
    replaced = answer(await import_("orders", HEADER + row.format(7), "--on-conflict", "replace", "--json"))
    assert replaced["orders_replaced"] == 1


async def test_the_command_says_how_it_reads_the_file_and_that_the_rows_add_up(import_: Import) -> None:
    result = await import_("orders", history("74"))
    assert result.exit_code == 0, result.output
    assert "rows in 7 = imported 4 + refused 2 + left out 1" in result.stdout
    assert "delimiter comma" in result.stderr
    assert "profile: online-retail" in result.stderr


async def test_without_a_running_system_it_says_how_to_start_one(import_: Import, tmp_path: Path) -> None:
    result = await import_("orders", history("79"), "--state", str(tmp_path / "none"))
    assert result.exit_code == 1
    assert "no system runs on" in result.stderr


async def test_a_dry_run_needs_no_system_and_writes_nothing(import_: Import, tmp_path: Path) -> None:
    result = await import_("orders", history("78"), "--dry-run", "--state", str(tmp_path / "none"))
    assert result.exit_code == 0, result.output
    assert '"order_ref": "781"' in result.stdout
    assert "nothing was written" in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.csv"]


@pytest.mark.parametrize(
    ("content", "says"),
    [("a,b\n1,2\n", "no column is known to be order_ref"), ("PK\x03\x04\0\0no workbook", "is damaged")],
)
async def test_a_file_that_cannot_be_read_is_refused_in_one_line(import_: Import, content: str, says: str) -> None:
    result = await import_("orders", content)
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert result.stderr.replace("\n", "").isprintable()


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
