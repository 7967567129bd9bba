"""Working on many things at once."""

import asyncio

import pytest

from ordercast.sample.work_together import for_each


async def test_every_item_is_worked_on_and_no_more_than_allowed_at_once() -> None:
    under_way = most = 0
    done: list[int] = []

    async def work(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    await for_each(range(100), work, at_once=7)
    assert sorted(done) == list(range(100))
    assert most == 7


async def test_items_are_taken_only_when_a_hand_is_free_and_the_first_error_ends_all() -> None:
    taken: list[int] = []

    async def work(item: int) -> None:
        taken.append(item)
        await asyncio.sleep(0)
        if item == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        await for_each(range(1_000_000), work, at_once=3)
    assert len(taken) < 12
