"""How much one order may hold."""

from typing import Final

# The largest real invoice that we know of has 1,114 lines.
MAX_ITEMS: Final = 2_000
MAX_QUANTITY: Final = 1_000_000
