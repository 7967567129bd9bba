"""An id of the feed says where a reader is, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.errors import InvalidEventId
from ordercast.services.order_api.feed.positions import Place, parse_positions
from ordercast.services.shared.kafka.records import Partition

OFFSETS = st.lists(st.integers(0, 10**15), min_size=1, max_size=20)


@given(st.dictionaries(st.sampled_from(["orders", "views", "models"]), OFFSETS, min_size=1))
def test_what_an_id_says_comes_back(offsets: dict[str, list[int]]) -> None:
    positions = {Partition(topic, n): at for topic, listed in offsets.items() for n, at in enumerate(listed)}
    text = Place(positions).id
    assert text.isascii()
    assert "\n" not in text
    assert parse_positions(text, {topic: len(listed) for topic, listed in offsets.items()}) == positions


def test_it_is_short_and_can_be_read() -> None:
    assert Place({Partition("orders", n): at for n, at in enumerate([12, 0, 7])}).id == "orders:12,,7"


PLACES = [Partition(topic, n) for topic in ("views", "orders") for n in range(12)]


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 10**15), st.booleans()), max_size=40))
def test_after_any_moves_an_id_says_where_the_reader_is(moves: list[tuple[Partition, int, bool]]) -> None:
    expected = dict.fromkeys(PLACES, 0)
    place = Place(expected)
    for partition, offset, is_read in moves:
        expected[partition] = offset
        place.move(partition, offset)
        if is_read:
            assert parse_positions(place.id, {"orders": 12, "views": 12}) == expected
    assert (place.positions, place.id) == (expected, Place(expected).id)


def test_topics_that_nobody_asks_for_are_passed_over() -> None:
    assert parse_positions("orders:1;views:2,3", {"views": 2}) == {Partition("views", 0): 2, Partition("views", 1): 3}


@pytest.mark.parametrize(
    "text",
    ["17", "orders", "orders:1;orders:2", "orders:-1", "orders:1,x", "orders:1;", "orders:" + "9" * 19, "orders:1\n"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidEventId):
        parse_positions(text, {"orders": 1})


@given(st.text(max_size=50))
def test_no_text_does_harm(text: str) -> None:
    try:
        positions = parse_positions(text, {"orders": 2})
    except InvalidEventId:
        return
    assert len(positions) == 2


def test_an_id_for_other_types_or_of_another_system_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidEventId, match="nothing of the topic views"):
        parse_positions("orders:1", {"orders": 1, "views": 1})
    with pytest.raises(InvalidEventId, match="has 2 partitions of the topic orders, and there are 3"):
        parse_positions("orders:1,2", {"orders": 3})
