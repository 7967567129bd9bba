"""The currencies that exist."""

from typing import Final

from iso4217 import raw_table

# The codes of ISO 4217 as its maintainers publish them; the package carries their list.
CURRENCIES: Final = frozenset(raw_table)
