"""Hashing passwords: off the event loop, few at a time, the rest refused."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ordercast.services.order_api.accounts.passwords import Passwords, open_passwords
from ordercast.services.order_api.errors import Overloaded


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with open_passwords(threads=2) as passwords:
        yield passwords


async def test_a_hash_matches_its_password_only(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(stored, "correct horse")
    assert not await passwords.matches(stored, "wrong horse")


async def test_the_same_password_has_another_hash_each_time(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_nothing_matches_where_there_is_no_account_and_it_takes_as_long(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")

    async def seconds(stored_hash: str | None) -> float:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            assert not await passwords.matches(stored_hash, "nobody has this password!")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = await seconds(stored), await seconds(None)
    assert not await passwords.matches(None, "nobody has this password")
    # Far apart enough for a busy machine, near enough that skipping the hash (a thousand times faster) would fail.
    assert known / 4 < unknown < known * 4


async def test_the_event_loop_turns_while_passwords_are_hashed(passwords: Passwords) -> None:
    hashing = asyncio.gather(*(passwords.hash("correct horse") for _ in range(6)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    await hashing
    assert turns > 6


async def test_more_than_may_wait_are_refused_until_there_is_room_again() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        passwords = Passwords(pool, max_waiting=2)
        pool.submit(gate.wait)
        waiting = [asyncio.create_task(passwords.hash("correct horse")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await passwords.hash("correct horse")
        gate.set()
        await asyncio.gather(*waiting)
        assert (await passwords.hash("correct horse")).startswith("$argon2id$")


async def test_a_client_that_goes_away_keeps_its_place_until_its_thread_is_free() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        passwords = Passwords(pool, max_waiting=1)
        pool.submit(gate.wait)
        gone = asyncio.create_task(passwords.hash("correct horse"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        with pytest.raises(Overloaded):
            await passwords.hash("correct horse")
        gate.set()
        while True:
            try:
                await passwords.hash("correct horse")
                break
            except Overloaded:
                await asyncio.sleep(0.005)
