"""`ordercast forecast`: what will be ordered of products in the next weeks, as a table or a file."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from ordercast.cli.forecast_table import RETRY_FOR_S, Asked, AsOf, of_products, table
from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.client import Client
from ordercast.client.demand_answers import Forecast, Forecasts
from ordercast.reading.table_files import Format, Kind, TooManyRows, open_table
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

# Products in a request for a file: they take a second.
PAGE: Final = 1_000
_COLUMNS: Final[dict[str, Kind]] = {
    "product_id": "integer",
    "sku": "text",
    "name": "text",
    "expected": "amount",
    "stock": "integer",
}
# Behind the weeks: why a product is outside of what was learned from (else empty), of what the numbers are, and whose.
_ABOUT: Final[dict[str, Kind]] = {
    "outside_because": "text",
    "level": "amount",
    "service_level": "amount",
    "as_of": "date",
    "model_version": "text",
}
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
    """All products, those first of which most is expected; how many. Each row says itself what it holds for: files are kept, and
    taken apart."""
    pages = [page async for page in _pages(admin, asked)]
    forecasts = sorted(
        ((one, page) for page in pages for one in page.data), key=lambda row: (-row[0].expected, row[0].product_id)
    )
    names = {product.id: product.name async for product in admin.order_api.products()}
    starts = [week.starts_on for week in pages[0].data[0].weeks] if pages[0].data else []
    columns: dict[str, Kind] = dict(_COLUMNS)
    for start in starts:
        columns |= {f"expected_{start}": "amount", f"low_{start}": "integer", f"high_{start}": "integer"}
    with open_table(out, columns | _ABOUT, file_format) as file:
        file.write([_row(one, names.get(one.product_id, ""), page) for one, page in forecasts])
    return len(forecasts)


async def _pages(admin: Client, asked: Asked) -> AsyncIterator[Forecasts]:
    """By id: while orders come in, a product would be missed, or come twice, by what is expected."""
    after = None
    while True:
        page = await admin.predictor.forecasts(
            limit=PAGE, sort="id", known=True, starting_after=after, **asked.values()
        )
        yield page
        if not page.has_more:
            return
        after = page.data[-1].product_id


def _row(one: Forecast, name: str, page: Forecasts) -> list[int | str | Decimal | date | None]:
    row: list[int | str | Decimal | date | None] = [one.product_id, one.sku, name, _rounded(one.expected), one.stock]
    for week in one.weeks:
        row += [_rounded(week.expected), week.low, week.high]
    outside = "; ".join(one.extrapolates_because) if one.extrapolates else ""
    levels = [_rounded(page.level), _rounded(page.service_level)]
    return [*row, outside, *levels, page.as_of, page.model_version]


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
                raise CommandFailed(f"{out} cannot be written: {error.strerror}", hint="name another --out") from error
            return found
    raise CommandFailed(f"{out.name} has no ending that says its format", hint="name a .csv, .xlsx or .parquet file")
