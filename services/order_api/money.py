"""Amounts of money as answers show them."""

from decimal import Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


def shown(amount: Decimal) -> Decimal:
    """The amount without the zeros that the column's four decimals add, but with at least two decimals."""
    short = amount.normalize()
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and exponent < -2 else amount.quantize(_CENT)
