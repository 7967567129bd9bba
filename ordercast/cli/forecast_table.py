"""Forecasts of products as commands ask for them and show them. It loads nothing of tables as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from ordercast.client import Client
from ordercast.client.demand_answers import Forecast
from ordercast.contracts.because import Because

# A predictor that has just started loads within a second. Longer (s) there is no model at all, and waiting would look like hanging.
RETRY_FOR_S: Final = 3.0

AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="As known at the end of this day (UTC); now, if not given.", show_default=False
    ),
]
# Reasons for which an earlier day may be asked for.
_ENDED: Final = frozenset({"nothing-known-lately", "shop-rests"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What all requests of a command have in common."""

    weeks: int
    level: float
    service_level: float
    as_of: date | None

    def values(self) -> dict[str, Any]:
        return {
            "weeks": self.weeks,
            "level": self.level,
            "service_level": self.service_level,
            "as_of": self.as_of,
        }


async def of_products(admin: Client, skus: Sequence[str], asked: Asked) -> list[Forecast]:
    """In the order of their SKUs, each once."""
    products = {(await admin.order_api.product_by_sku(sku)).id: sku for sku in skus}
    return (await admin.predictor.forecasts_of(products, **asked.values())).data


def table(forecasts: list[Forecast], asked: Asked) -> Table | str:
    """A line for each product."""
    if not forecasts:
        return "no product has an order or a view yet"
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("product")
    headings = (
        "expected",
        f"stock for {100 * asked.service_level:g}%",
        *(f"{week.starts_on:%d %b}" for week in forecasts[0].weeks),
    )
    for heading in headings:
        shown.add_column(heading, justify="right")
    for one in forecasts:
        cells = (f"{week.expected:,.1f} ({week.low:,} to {week.high:,})" for week in one.weeks)
        shown.add_row(f"{one.sku}{' *' if one.extrapolates else ''}", f"{one.expected:,.1f}", f"{one.stock:,}", *cells)
    if any(one.extrapolates for one in forecasts):
        reasons = [reason for one in forecasts for reason in one.beyond]
        shown.caption = f"* outside of what was learned from{_of_all(forecasts)}{how_to_ask(reasons)}; --json says why"
        shown.caption_justify = "left"
    return shown


def how_to_ask(reasons: Sequence[Because]) -> str:
    """Of a history that has ended, by the command's own option."""
    return "; --as-of asks for an earlier day" if any(reason.code in _ENDED for reason in reasons) else ""


def _of_all(forecasts: list[Forecast]) -> str:
    """What all have in common: that the history has ended is no product's own."""
    first, *others = ([*one.extrapolates_because] for one in forecasts)
    shared = [reason for reason in first if all(reason in other for other in others)]
    return f" ({'; '.join(shared)})" if shared and others else ""
