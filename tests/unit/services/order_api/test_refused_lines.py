import asyncio
import errno
import io
import tempfile

import msgspec
import pytest

from ordercast.services.order_api.errors import NoRoomForReport
from ordercast.services.order_api.orders.answers import ImportAnswer
from ordercast.services.order_api.refused_lines import RefusedLine, RefusedLines, answer_of_import


def counts(created: int = 0) -> ImportAnswer:
    return ImportAnswer(created, 0, 0, 0, [])


@pytest.mark.parametrize("batches", [[], [0], [1], [2, 0, 3]])
async def test_the_answer_holds_the_refused_lines_in_their_order(batches: list[int]) -> None:
    refused = RefusedLines()
    lines = [RefusedLine(number, f'"{number}"') for number in range(sum(batches))]
    rest = iter(lines)
    for size in batches:
        await refused.add([next(rest) for _ in range(size)])
    pieces = b"".join(refused.answer(counts(7)).pieces)
    assert msgspec.json.decode(pieces, type=ImportAnswer) == ImportAnswer(7, 0, 0, 0, lines)


async def test_many_refused_lines_are_on_disk_and_not_in_memory() -> None:
    file = tempfile.SpooledTemporaryFile(max_size=1_000)  # noqa: SIM115 - the answer closes it
    refused = RefusedLines(file)
    for start in range(0, 10_000, 200):
        await refused.add([RefusedLine(number, "a reason") for number in range(start, start + 200)])
    assert not isinstance(file._file, io.BytesIO)  # how it tells that it has rolled over
    answer = refused.answer(counts())
    assert max(map(len, pieces := list(answer.pieces))) <= 65_536
    assert len(msgspec.json.decode(b"".join(pieces), type=ImportAnswer).refused) == 10_000
    assert file.closed


@pytest.mark.parametrize(("refusals", "created", "status"), [(1, 0, 422), (1, 1, 200), (0, 0, 200)])
async def test_the_status_says_that_nothing_came_in_where_lines_were_refused(
    refusals: int, created: int, status: int
) -> None:
    refused = RefusedLines()
    await refused.add([RefusedLine(1, "a reason")] * refusals)
    assert refused.answer(counts(created)).status == status
    refused.close()


async def test_a_full_disk_is_told_in_words() -> None:
    class FullDisk(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoomForReport, match=r"No space left on device.*what came in before stays"):
        await RefusedLines(FullDisk()).add([RefusedLine(1, "a reason")])


async def test_an_import_that_fails_leaves_no_file_open() -> None:
    kept: list[RefusedLines] = []

    async def run(refused: RefusedLines) -> ImportAnswer:
        kept.append(refused)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await answer_of_import(run)
    with pytest.raises(ValueError, match="closed file"):
        await kept[0].add([RefusedLine(1, "a reason")])
