"""Amounts of money: what is to be paid for a line of an order, and how a price is shown.

The rule: a unit price may have four decimals; a line's total is quantity times unit price, rounded half to even to the smallest
amount of the currency that can be paid (ISO 4217: JPY 1, EUR 0.01, KWD 0.001); an order's total is the sum of its lines' totals.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from ordercast.contracts.currencies import DECIMALS

_CENT: Final = Decimal("0.01")
_SMALLEST: Final = {currency: Decimal(1).scaleb(-decimals) for currency, decimals in DECIMALS.items()}


def line_total(quantity: int, unit_price: Decimal, currency: str) -> Decimal:
    """What the line costs, with the currency's own number of decimals."""
    return (quantity * unit_price).quantize(_SMALLEST[currency], ROUND_HALF_EVEN)


def shown(price: Decimal) -> Decimal:
    """A unit price without the zeros that the column's four decimals add, but with at least two decimals."""
    short = price.normalize()
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and exponent < -2 else price.quantize(_CENT)


def shown_total(total: Decimal, currency: str) -> Decimal:
    """A stored total with the currency's own number of decimals; one from before the rule with those that it has beyond them."""
    exact = total.quantize(_SMALLEST[currency])
    return exact if exact == total else total.normalize()
