"""How many pieces somebody typed."""

from ordercast.contracts.limits import MAX_QUANTITY


def quantity_of(typed: str) -> int | None:
    """None where it is no number of pieces that an order may have; 0 for none."""
    text = typed.strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(MAX_QUANTITY)):
        return None
    quantity = int(text)
    return quantity if quantity <= MAX_QUANTITY else None
