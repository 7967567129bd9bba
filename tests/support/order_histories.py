"""Made-up orders and views as verify reads them, for property tests."""

from hypothesis import strategies as st

from tests.support.oracle_features import (
    DAY_US,
    QUARTER_US,
    Item,
    View,
)

# Few ids and few moments, so that ties and repeats are common.
MOMENTS = st.sampled_from([0, 5, 7, QUARTER_US - 1, QUARTER_US, DAY_US])
ORDER = st.tuples(
    st.integers(1, 3),
    MOMENTS,
    MOMENTS,
    st.sampled_from([(True, False), (True, True), (False, True)]),
)
LINES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(0, 30_000)), min_size=1, max_size=3)
VIEW = st.builds(
    View,
    st.integers(1, 3),
    st.integers(1, 3),
    st.uuids().map(str),
    st.integers(1, 99),
    st.integers(0, 9),
    st.booleans(),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Item], list[View]]:
    items: list[Item] = []
    for order_id in draw(st.lists(st.uuids(), max_size=6, unique=True)):
        account, moment, later, (placed, cancelled) = draw(ORDER)
        for line, (product, quantity, price) in enumerate(draw(LINES), start=1):
            items.append(Item(account, product, str(order_id), line, quantity, price, moment, later, placed, cancelled))
    return draw(st.permutations(items)), draw(st.lists(VIEW, max_size=12))
