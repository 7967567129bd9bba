"""Hashing passwords: off the event loop, few at a time, the rest refused."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from ordercast.services.order_api.accounts.passwords import Passwords, normal_form, open_passwords
from ordercast.services.order_api.errors import Overloaded


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with open_passwords(threads=2) as passwords:
        yield passwords


async def test_a_hash_matches_its_password_only(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await passwords.check(stored, "correct horse")).matches
    assert not (await passwords.check(stored, "wrong horse")).matches


async def test_the_same_password_has_another_hash_each_time(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_nothing_matches_where_there_is_no_account_and_as_much_work_is_done(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await passwords.hash("correct horse")
    checked: list[str] = []

    def verify(self: PasswordHasher, stored_hash: str, password: str) -> Literal[True]:
        checked.append(stored_hash)
        return verify_unwatched(self, stored_hash, password)

    verify_unwatched = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", verify)
    assert not (await passwords.check(stored, "nobody has this password")).matches
    assert not (await passwords.check(None, "nobody has this password")).matches
    known, unknown = map(extract_parameters, checked)
    assert known == unknown


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


async def test_a_password_is_the_same_however_its_letters_are_composed(passwords: Passwords) -> None:
    stored = await passwords.hash("caf\u00e9 cr\u00e8me")
    for typed in ("caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me", "caf\u00e9\u00a0cr\u00e8me"):
        assert await passwords.check(stored, typed) == (True, False)
    assert stored != await passwords.hash("cafe\u0301 cre\u0300me")
    assert await passwords.check(stored, "cafe creme") == (False, False)


async def test_a_hash_of_another_form_than_the_normal_one_matches_and_is_outdated(passwords: Passwords) -> None:
    typed = "cafe\u0301 cre\u0300me"
    before = PasswordHasher().hash(typed)
    assert await passwords.check(before, typed) == (True, True)
    # What is no password any more (RFC 8265) was one before.
    assert await passwords.check(PasswordHasher().hash("tab\tulator"), "tab\tulator") == (True, False)


async def test_an_unknown_account_takes_as_many_tries_as_a_wrong_password(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await passwords.hash("correct horse")
    checked: list[str] = []

    def verify(self: PasswordHasher, stored_hash: str, password: str) -> Literal[True]:
        checked.append(password)
        raise VerifyMismatchError

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for stored_hash in (stored, None):
        assert not (await passwords.check(stored_hash, "cafe\u0301 cre\u0300me")).matches
    assert checked[:2] == checked[2:] == ["caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me"]


@pytest.mark.parametrize("password", ["", "tab\tulator", "zero\u200bwidth", "soft\u00adhyphen", "nul\0"])
def test_what_no_keyboard_tells_apart_is_no_password_and_is_not_said(password: str) -> None:
    with pytest.raises(ValueError, match=r"^must not be empty, nor hold control or invisible characters$"):
        normal_form(password)
