"""`ordercast forecast`: what will be ordered of products in the next weeks, as a table or a file."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from ordercast.cli.forecast_table import RETRY_FOR_S, Asked, AsOf, of_products, table
from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.client import Client
from ordercast.client.demand_answers import Forecast
from ordercast.reading.table_files import Format, Kind, TooManyRows, open_table
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

# Products in a request for a file: they take a second.
PAGE: Final = 1_000
# Products in a table, unless --limit says how many.
LIMIT: Final = 20


@app.command()
@command(expected=(*SYSTEM_ERRORS, TooManyRows), against=True)
async def forecast(
    context: Context,
    products: Annotated[
        list[str] | None,
        typer.Option("--product", metavar="SKU", help="This product; may be given often.", show_default=False),
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=8, help="Weeks ahead.")] = 4,
    service_level: Annotated[float, typer.Option(help="Probability that the stock is enough for all weeks.")] = 0.95,
    level: Annotated[float, typer.Option(help="Probability of each week's interval.")] = 0.9,
    as_of: AsOf = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=5_000, help="Products in the table.", show_default=str(LIMIT))
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write all products with an order or a view to this .csv, .xlsx or .parquet file.", show_default=False
        ),
    ] = None,
) -> None:
    """Forecast the pieces of products in the next weeks, those first of which most is expected.

    It takes a version of the recipe `demand` (ordercast train --recipe demand). A history that ended long ago is asked with
    --as-of.
    """
    asked = Asked(weeks, level, service_level, as_of.date() if as_of else None)
    if products and out:
        raise CommandFailed("--product and --out do not go together: a file has all products")
    if limit and (products or out):
        raise CommandFailed(
            "--limit is for the table of what is expected most: --product and --out say themselves what they have"
        )
    file_format = _format_of(out) if out else None
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        if out and file_format:
            rows = await _write(access.admin, asked, out, file_format)
            context.result({"path": str(out), "rows": rows}, f"{out}  {rows:,} products")
            return
        if products:
            found = await of_products(access.admin, products, asked)
        else:
            found = (await access.admin.predictor.forecasts(limit=limit or LIMIT, **asked.values())).data
    context.result(found, table(found, asked))


async def _write(admin: Client, asked: Asked, out: Path, file_format: Format) -> int:
    """All products, a page at a time; how many."""
    written = 0
    pages = [page async for page in _pages(admin, asked)]
    starts = [week.starts_on for week in pages[0][0].weeks] if pages and pages[0] else []
    columns: dict[str, Kind] = {"product_id": "integer", "sku": "text", "expected": "amount", "stock": "integer"}
    for start in starts:
        columns |= {f"expected_{start}": "amount", f"low_{start}": "integer", f"high_{start}": "integer"}
    with open_table(out, columns, file_format) as file:
        for page in pages:
            file.write([_row(one) for one in page])
            written += len(page)
    return written


async def _pages(admin: Client, asked: Asked) -> AsyncIterator[list[Forecast]]:
    after = None
    while True:
        page = await admin.predictor.forecasts(limit=PAGE, starting_after=after, **asked.values())
        yield page.data
        if not page.has_more:
            return
        after = page.data[-1].product_id


def _row(one: Forecast) -> list[int | str | Decimal]:
    row: list[int | str | Decimal] = [one.product_id, one.sku, _rounded(one.expected), one.stock]
    for week in one.weeks:
        row += [_rounded(week.expected), week.low, week.high]
    return row


def _rounded(pieces: float) -> Decimal:
    return Decimal(f"{pieces:.3f}")


def _format_of(out: Path) -> Format:
    """Of a file that can be made, as far as can be known before all products are asked for; makes its folder."""
    if out.is_dir():
        raise CommandFailed(f"{out} is a folder", hint="name a .csv, .xlsx or .parquet file")
    for known in get_args(Format):
        if out.suffix.lower() == f".{known}":
            found: Format = known
            try:
                out.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CommandFailed(f"{out} cannot be written: {error.strerror}") from error
            return found
    raise CommandFailed(f"{out.name} has no ending that says its format", hint="name a .csv, .xlsx or .parquet file")
