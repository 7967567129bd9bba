"""What lines of an import plan to create, however much it is."""

import time
from datetime import UTC, datetime
from typing import Final

from ordercast.services.order_api.orders.import_lines import ImportItem, ImportLine
from ordercast.services.order_api.orders.import_references import ImportReferences

ITEMS: Final = 300


def line(number: int) -> ImportLine:
    """An order of things that nobody has seen before."""
    items = [ImportItem(f"S-{number}-{item}", 1, "1.00") for item in range(ITEMS)]
    return ImportLine(str(number), f"C-{number}", datetime(2026, 1, 2, tzinfo=UTC), items)


def test_a_line_costs_the_same_however_many_products_those_before_it_plan() -> None:
    references = ImportReferences(create_missing=True, currency="EUR", accounts={}, products={})
    seconds = []
    for first in range(0, 200, 20):
        lines = [line(number) for number in range(first, first + 20)]
        started = time.process_time()
        for each in lines:
            references.accept(each)
        seconds.append(time.process_time() - started)
    assert len(references.new_products) == 200 * ITEMS
    # The plans are not copied for each line: that made the last lines take 15 times as long as the first.
    assert min(seconds[-3:]) < 4 * min(seconds[:3])
