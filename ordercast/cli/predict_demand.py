"""How `ordercast predict` shows what the recipe `demand` answers."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ordercast.cli.forecast_table import how_to_ask
from ordercast.client.demand_answers import AccountDemand, PairDemand, PairNumbers


def pairs_as_json(pairs: Sequence[PairDemand]) -> dict[str, Any]:
    """As `POST /predictions` has it, each pair with its reasons and features."""
    return {"data": pairs, "model_version": pairs[0].model_version}


def pairs_table(pairs: Sequence[PairDemand]) -> Group:
    """The numbers, a line each, and below them why."""
    asked, level = pairs[0], pairs[0].interval.level
    shown = _table(("account", "product"), level)
    for pair in pairs:
        shown.add_row(f"{pair.account_id}", f"{pair.product_id}{_star(pair)}", *_cells(pair))
    return Group(Text(_title(asked)), shown, *(_why(pair) for pair in pairs), *_outside(pairs))


def account_table(account: AccountDemand) -> Group:
    """Its products, a line each, the most probable first."""
    title = Text(_title(account))
    if not account.data:
        return Group(title, Text(f"account {account.account_id} had neither ordered nor looked at anything by then"))
    touched = (
        f"account {account.account_id}: {len(account.data)} of {account.known_products:,} products that it has touched"
    )
    shown = _table(("product", "sku"), account.level)
    for one in account.data:
        shown.add_row(f"{one.product_id}", Text(f"{one.sku}{_star(one)}"), *_cells(one))
    return Group(title, Text(touched), shown, *_outside(account.data))


def _title(answer: PairDemand | AccountDemand) -> str:
    known = f"as known at the end of {answer.as_of}" if answer.as_of else "as known now"
    return f"model {answer.model_version}: the next {answer.horizon_days} days, {known}"


def _table(first: tuple[str, ...], level: float) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        *first,
        "probability",
        "expected",
        f"{100 * level:g}% within",
        "if ordered: mean",
        "median",
        "next line",
    ):
        shown.add_column(heading, justify="right")
    return shown


def _cells(pair: PairNumbers | PairDemand) -> tuple[str, ...]:
    interval, quantity = pair.interval, pair.quantity_if_ordered
    return (
        f"{pair.order_probability:.1%}",
        f"{pair.expected_quantity:,.2f}",
        f"{interval.low:,} to {interval.high:,}",
        f"{quantity.mean:,.1f}",
        f"{quantity.median:,.1f}",
        f"{pair.next_line_quantity:,.1f}",
    )


def _why(pair: PairDemand) -> Text:
    """By how many pieces each of the features moves what is expected, against its average in its place."""
    reasons = ", ".join(f"{reason.feature} {reason.effect:+,.2f}" for reason in pair.why)
    return Text(f"why {pair.account_id}/{pair.product_id}: {reasons} pieces, each against its average")


def _star(pair: PairNumbers | PairDemand) -> str:
    return " *" if pair.extrapolates else ""


def _outside(pairs: Sequence[PairNumbers] | Sequence[PairDemand]) -> list[Text]:
    said = dict.fromkeys(reason for pair in pairs for reason in pair.extrapolates_because)
    asking = how_to_ask([reason for pair in pairs for reason in pair.beyond])
    return [Text(f"* outside of what was learned from: {'; '.join(said)}{asking}")] if said else []
