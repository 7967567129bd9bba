"""Each value has its point, within the picture."""

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.console.curves import points

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=60)


@given(VALUES)
def test_each_value_has_a_point_within_the_picture_and_more_is_higher(values: list[float]) -> None:
    drawn = [tuple(map(float, point.split(","))) for point in points(values, 120, 28).split()]
    assert len(drawn) == len(values)
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in drawn)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    highest = max(range(len(values)), key=values.__getitem__)
    assert drawn[highest][1] == min(y for _, y in drawn)


def test_two_curves_of_one_picture_share_its_places_and_its_height() -> None:
    assert points([0.0, 10.0], 30, 24, most=20.0, count=4) == "0.0,22.0 10.0,12.0"
    assert points([20.0, 0.0], 30, 24, most=20.0, first=2, count=4) == "20.0,2.0 30.0,22.0"


def test_nothing_sold_is_a_line_at_the_bottom() -> None:
    assert points([0.0, 0.0], 10, 10) == "0.0,8.0 10.0,8.0"
    assert points([], 10, 10) == ""
