"""However often a batch is cut off, repeated and corrected, each line counts once, and what an answer says counts does."""

from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.views.batch_progress import BatchProgress, decoded, digest_of

PARTITIONS = 2
LINES = 6

# A try: the content of each line (0: a bad line), and after how many lines each partition fails, if it does.
tries = st.lists(
    st.tuples(
        st.lists(st.integers(0, 2), min_size=LINES, max_size=LINES),
        st.lists(st.none() | st.integers(0, LINES), min_size=PARTITIONS, max_size=PARTITIONS),
    ),
    max_size=6,
)


class Worker:
    """Counts what is new in each stream of numbers, as the feature worker does."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[int, int]] = Counter()
        self._last: dict[tuple[int, UUID], int] = {}

    def take(self, partition: int, stream: UUID, number: int, content: int) -> None:
        if number > self._last.get((partition, stream), 0):
            self._last[partition, stream] = number
            self.counted[number, content] += 1


@given(tries)
def test_each_line_counts_once_whatever_fails_and_is_corrected(
    history: list[tuple[list[int], list[int | None]]],
) -> None:
    progress, worker = BatchProgress(), Worker()
    for contents, failures in history:
        body = {number: content for number, content in enumerate(contents, start=1) if content}
        digests = {number: digest_of(str(content).encode()) for number, content in body.items()}
        if progress.contradicted(digests):
            continue
        progress.add(digests, uuid4())
        progress = decoded(progress.encoded())  # as it is kept, in case that the service dies now
        claimed = {number for number in body if progress.lines[number].counts}
        for partition, fails_after in enumerate(failures):
            waiting = [number for number in body if number % PARTITIONS == partition and number not in claimed]
            arriving = waiting if fails_after is None else waiting[:fails_after]
            for number in arriving:
                worker.take(partition, progress.streams[progress.lines[number].stream], number, body[number])
            if fails_after is None:
                for number in waiting:
                    progress.lines[number].counts = True
                claimed |= set(waiting)
        for number in claimed:
            assert worker.counted[number, body[number]] == 1
    for number in range(1, LINES + 1):
        assert sum(worker.counted[number, content] for content in range(1, 3)) <= 1


def test_new_lines_get_a_stream_of_their_own_and_known_ones_keep_theirs() -> None:
    first, second = uuid4(), uuid4()
    progress = BatchProgress()
    progress.add({1: b"a", 2: b"b"}, first)
    progress.add({1: b"a", 2: b"b", 3: b"c"}, second)
    progress.add({1: b"a", 2: b"b", 3: b"c"}, uuid4())
    assert progress.streams == [first, second]
    assert [progress.streams[progress.lines[number].stream] for number in (1, 2, 3)] == [first, first, second]


def test_what_counts_may_be_left_out_and_what_may_count_may_not() -> None:
    progress = BatchProgress()
    progress.add({1: b"a", 2: b"b"}, uuid4())
    progress.lines[1].counts = True
    assert progress.contradicted({2: b"b", 3: b"c"}) == []
    assert progress.contradicted({1: b"x", 2: b"b"}) == [1]
    assert progress.contradicted({1: b"a", 3: b"c"}) == [2]
    assert progress.contradicted({1: b"x", 2: b"x"}) == [1, 2]


def test_blanks_around_a_line_are_no_content_of_it() -> None:
    assert digest_of(b' {"a":1}\r') == digest_of(b'{"a":1}') != digest_of(b'{"a":2}')
