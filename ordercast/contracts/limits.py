"""How large the parts of an order or a view may be: what order_api accepts, the events hold and the worker applies."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

# PostgreSQL's bigint: ids, and sums over any number of events.
MAX_BIGINT: Final = 2**63 - 1
# Items of an order. The largest real invoice that we know of has 1,114 lines.
MAX_ITEMS: Final = 2_000
# Pieces in one item.
MAX_QUANTITY: Final = 1_000_000
# The largest price that NUMERIC(12,4) holds.
MAX_PRICE: Final = Decimal("99999999.9999")
# Views in one event. One may add up a lot of views, but a sum of such events has to stay a bigint.
MAX_VIEWS: Final = 1_000_000_000
# Lines of one batch of views.
MAX_BATCH_LINES: Final = 10_000
# When something can have happened: before lie clocks that were never set.
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Bytes of an event's body: an order of 2,000 items, the most there is, takes about 200 kB.
MAX_BODY_BYTES: Final = 512 * 1024
