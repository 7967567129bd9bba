"""What has been seen of a stream is exactly the set of its numbers, in whatever order they come."""

from hypothesis import example, given
from hypothesis import strategies as st

from ordercast.services.feature_worker.seen import Run, Seen, seen

NUMBERS = st.integers(1, 12)


@given(st.lists(NUMBERS, max_size=20))
def test_numbers_are_seen_once_they_have_come(numbers: list[int]) -> None:
    state, come = Seen(), set[int]()
    for number in numbers:
        assert state.has(number) == (number in come)
        if number not in come:
            state = state.plus(number)
            come.add(number)
        assert {n for n in range(1, 14) if state.has(n)} == come
        assert is_tidy(state)


@given(st.integers(0, 12), st.lists(st.tuples(NUMBERS, st.integers(0, 4)), max_size=6))
@example(3, [(4, 0)])
def test_runs_that_overlap_are_put_together(last: int, lengths: list[tuple[int, int]]) -> None:
    state = seen(last, [Run(first, first + length) for first, length in lengths])
    numbers = {*range(1, last + 1), *(n for first, length in lengths for n in range(first, first + length + 1))}
    assert {n for n in range(1, 20) if state.has(n)} == numbers
    assert is_tidy(state)


def is_tidy(state: Seen) -> bool:
    """The runs ascend, with a missing number before each."""
    ends = [state.last, *(run.last for run in state.ahead)]
    return all(
        run.first > before + 1 and run.last >= run.first for before, run in zip(ends[:-1], state.ahead, strict=True)
    )
