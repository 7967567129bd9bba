"""Text in lines of NDJSON: what a shop names its things with, prices and currencies. order_api holds lines against it, and
who reads a shop's file refuses for the same reasons before anything is sent."""

from typing import Annotated, Final

from msgspec import Meta

from ordercast.contracts.currencies import CURRENCIES

# Characters of a reference, of an SKU and of a product's name.
MAX_REFERENCE: Final = 255
MAX_SKU: Final = 100
MAX_NAME: Final = 200
# The characters that no name may have, as in requests of single things (`OneLine`): C0 and C1 controls and Unicode's line ends.
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"


def _one_line(max_length: int) -> str:
    """Not blank, on one line; blanks around it do not count (`str.strip` cuts them off)."""
    return rf"\A\s*(?!\s)[^{_CONTROL}]{{1,{max_length}}}(?<!\s)\s*\Z"


Reference = Annotated[
    str,
    Meta(
        max_length=MAX_REFERENCE,
        pattern=rf"\A(?=.*\S)[^{_CONTROL}]+\Z",
        description="text of 1 to 255 characters on one line, without control characters",
    ),
]
Sku = Annotated[
    str,
    Meta(
        pattern=_one_line(MAX_SKU),
        description=f"text of 1 to {MAX_SKU} characters on one line, without control characters",
    ),
]
Name = Annotated[
    str,
    Meta(
        pattern=_one_line(MAX_NAME),
        description=f"text of 1 to {MAX_NAME} characters on one line, without control characters",
    ),
]
# How an empty cell looks that went through a program on its way. Nobody's reference.
_NOBODY: Final = r"(?!\s*(?i:nan|null|none)\s*\Z)"
AccountRef = Annotated[
    str,
    Meta(
        max_length=MAX_REFERENCE,
        pattern=rf"\A{_NOBODY}(?=.*\S)[^{_CONTROL}]+\Z",
        description=(
            "text of 1 to 255 characters on one line (a shop's reference or an email address; nan, null and none are nobody's)"
        ),
    ),
]
# A decimal string that fits NUMERIC(12,4): no exponent, no sign, no NaN.
PriceText = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{1,8}(\.[0-9]{1,4})?\Z",
        description='a decimal with at most 4 decimals, from 0 to 99999999.9999, as text such as "12.50"',
    ),
]
Currency = Annotated[
    str,
    Meta(
        pattern=rf"\A({'|'.join(sorted(CURRENCIES))})\Z",
        description='a currency code of ISO 4217, such as "EUR"',
    ),
]
