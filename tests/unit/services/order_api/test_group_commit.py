import asyncio
from collections.abc import Sequence

import pytest

from ordercast.services.order_api.errors import Overloaded
from ordercast.services.order_api.orders import group_commit
from ordercast.services.order_api.orders.group_commit import GroupCommit, open_group_commit


async def test_requests_that_arrive_during_a_commit_share_the_next_one() -> None:
    batches: list[list[int]] = []
    release = asyncio.Event()

    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        batches.append(list(batch))
        await release.wait()
        return [number * 10 for number in batch]

    async with open_group_commit(commit) as group:
        first = asyncio.create_task(group.submit(1))
        while not batches:
            await asyncio.sleep(0)
        others = [asyncio.create_task(group.submit(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        release.set()
        assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert batches == [[1], [2, 3, 4]]


async def test_one_refused_request_does_not_take_the_others_along() -> None:
    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        return [ValueError("odd") if number % 2 else number for number in batch]

    async with open_group_commit(commit) as group:
        answers = await asyncio.gather(*(group.submit(number) for number in range(4)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["0", "odd", "2", "odd"]


async def test_a_failed_transaction_is_told_to_each_request_and_the_next_batch_goes_on() -> None:
    failing = True

    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        if failing:
            raise ConnectionError("the database is gone")
        return list(batch)

    async with open_group_commit(commit) as group:
        answers = await asyncio.gather(group.submit(1), group.submit(2), return_exceptions=True)
        assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
        failing = False
        assert await group.submit(3) == 3


async def test_a_client_that_goes_away_does_not_take_its_request_back() -> None:
    committed: list[int] = []
    started, release = asyncio.Event(), asyncio.Event()

    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        started.set()
        await release.wait()
        committed.extend(batch)
        return list(batch)

    async with open_group_commit(commit) as group:
        leaving = asyncio.create_task(group.submit(1))
        await started.wait()
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        release.set()
        assert await group.submit(2) == 2
    assert committed == [1, 2]


async def test_what_was_submitted_is_committed_before_the_service_stops() -> None:
    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        await asyncio.sleep(0)
        return list(batch)

    async with open_group_commit(commit) as group:
        answers = [asyncio.create_task(group.submit(number)) for number in range(1_000)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*answers) == list(range(1_000))


async def test_more_requests_than_may_wait_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MAX_WAITING", 2)

    async def commit(batch: Sequence[int]) -> list[int | Exception]:
        return list(batch)

    group = GroupCommit(commit)  # it does not run, so nothing leaves the queue
    waiting = [asyncio.create_task(group.submit(number)) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await group.submit(3)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
