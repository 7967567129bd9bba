"""Hashing passwords: off the event loop, few at a time, the rest refused."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from ordercast.services.order_api.accounts import guessable
from ordercast.services.order_api.accounts.passwords import Passwords, normal_form, open_passwords
from ordercast.services.order_api.errors import Overloaded, WeakPassword


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


OWN = ("ann@example.com", "Ann of the Shop")


@pytest.mark.parametrize(
    "password",
    [
        "fourteen chars",
        "passwordpassword",
        "PASSWORDPASSWORD",
        "p@sswordp@ssword",
        "password1password1password1",
        "iloveyouiloveyou",
        "aaaaaaaaaaaaaaaaa",
        "123456789012345",
        "qwertyuiopasdfgh",
        "!@#$1234!@#$1234",
        "ann@example.com",
        "ANN@example.com",
        "ann@example.com1",
        "ann of the shop",
        "ann of the shop 1",
        "a" * 128,
        "password1" * 14,
    ],
)
async def test_new_passwords_that_are_short_common_or_ones_own_are_refused(passwords: Passwords, password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        await passwords.hash_new(password, own=OWN, field="new_password")
    assert [*refused.value.fields] == ["new_password"]
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "fifteen letters",
        "ein g\u00fcnstiges Fahrrad",
        "x9fKq-2mZpw-7rTvb",
        "\u043c\u043e\u0439 \u0441\u0442\u0430\u0440\u044b\u0439 \u0432\u0435\u043b\u043e\u0441\u0438\u043f\u0435\u0434",
    ],
)
async def test_new_passwords_of_any_make_are_taken_if_they_are_long_and_not_common(
    passwords: Passwords, password: str
) -> None:
    stored = await passwords.hash_new(password, own=OWN)
    assert (await passwords.check(stored, password)).matches


async def test_the_shortest_length_is_a_setting() -> None:
    async with open_passwords(threads=1, min_length=8) as passwords:
        assert await passwords.hash_new("xk3 vb9q", own=OWN)
        for weak in ("password", "xk3 vb9"):
            with pytest.raises(WeakPassword):
                await passwords.hash_new(weak, own=OWN)


async def test_a_password_from_before_the_rules_still_matches(passwords: Passwords) -> None:
    assert (await passwords.check(await passwords.hash("geheim77"), "geheim77")).matches


def test_no_password_takes_long_to_judge() -> None:
    """Counted in what zxcvbn is given: of signs that stand for letters it tries every meaning."""
    seen: list[str] = []

    def judged(piece: str, _: list[str]) -> SimpleNamespace:
        seen.append(piece)
        return SimpleNamespace(guesses=0)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(guessable, "zxcvbn", judged)
        for password in ("4@8({[<3631!|105$+7%2" * 6, "a1@b" * 32, "x" * 128):
            guessable.reason_against(password, OWN)
    assert seen
    assert all(len(piece) <= 24 and len(set(piece) & set("@({[<!|$+%")) <= 4 for piece in seen)
