"""Passwords as argon2id hashes, made off the event loop and few at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Final, NamedTuple, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError
from precis_i18n import get_profile

from ordercast.contracts.because import sentence
from ordercast.contracts.passwords import MIN_LENGTH
from ordercast.services.order_api.accounts.guessable import reason_against
from ordercast.services.order_api.errors import Overloaded, WeakPassword

# OWASP's first choice for argon2id (RFC 9106): 19 MiB, 2 passes, 1 lane; about 25 ms. Not the 64 MiB of RFC 9106's second
# choice: with a few at once the service would not stay within its 200 MB.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
_HASHER: Final = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES, type=Type.ID)
# Passwords that may wait for a thread. 64 are answered within a second or two; more is a flood, and gets 503.
MAX_WAITING: Final = 64

_PROFILE: Final = get_profile("OpaqueString")

Result = TypeVar("Result")


def normal_form(password: str) -> str:
    """The password in the one form that all keyboards' forms of it have: NFC, any blank as a space (RFC 8265, OpaqueString).

    Raises:
        ValueError: it holds what no keyboard tells apart. Which character that is, is not said: it is a part of the password.
    """
    try:
        return _PROFILE.enforce(password)
    except UnicodeEncodeError:
        raise ValueError("must not be empty, nor hold control or invisible characters") from None


class Checked(NamedTuple):
    """`outdated`: the hash is not that of the normal form, as before these were used; make a new one."""

    matches: bool
    outdated: bool = False


class Passwords:
    """Hashes and checks passwords in a bounded thread pool, so that a flood takes neither the loop nor the memory."""

    def __init__(
        self, pool: ThreadPoolExecutor, *, max_waiting: int = MAX_WAITING, min_length: int = MIN_LENGTH
    ) -> None:
        self._min_length = min_length
        self._pool = pool
        self._free = max_waiting
        _nobodys_hash()  # not at the first log-in, which would take twice as long

    async def hash(self, password: str) -> str:
        """The hash of the password's normal form.

        Raises:
            Overloaded: too many wait already.
        """
        return await self._run(lambda: _HASHER.hash(_forms(password)[0]))

    async def hash_new(self, password: str, *, own: Sequence[str], field: str = "password") -> str:
        """The hash of a password that somebody chooses, whose account has the `own` names; `field` of the request has it.

        Raises:
            WeakPassword: it is too short, or easily guessed.
            Overloaded: too many wait already.
        """
        return await self._run(lambda: self._hash_new(_forms(password)[0], own, field))

    def _hash_new(self, password: str, own: Sequence[str], field: str) -> str:
        too_short = len(password) < self._min_length
        short = sentence("password-too-short", length=self._min_length) if too_short else None
        if reason := short or reason_against(password, own):
            raise WeakPassword(reason, fields={field: reason.removeprefix("the password ")})
        return _HASHER.hash(password)

    async def check(self, stored_hash: str | None, password: str) -> Checked:
        """Whether the password is the one of the hash; never without a hash, in the same time.

        Raises:
            Overloaded: too many wait already.
        """
        forms = _forms(password)
        form = await self._run(lambda: self._matching(stored_hash or _nobodys_hash(), forms))
        if form is None or stored_hash is None:
            return Checked(matches=False)
        return Checked(matches=True, outdated=form != forms[0])

    def _matching(self, stored_hash: str, forms: Sequence[str]) -> str | None:
        return next((form for form in forms if self._verify(stored_hash, form)), None)

    def _verify(self, stored_hash: str, password: str) -> bool:
        try:
            return _HASHER.verify(stored_hash, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._free == 0:
            raise Overloaded(sentence("too-many-passwords"))
        self._free -= 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # Counted until the thread is done, even when the client has gone away before.
        future.add_done_callback(self._release)
        return await asyncio.shield(future)

    def _release(self, _: object) -> None:
        self._free += 1


@cache
def _nobodys_hash() -> str:
    """Checked when there is no account, so that its absence takes as long as a wrong password."""
    return _HASHER.hash("nobody has this password")


def _forms(password: str) -> list[str]:
    """The forms in which the password may have been hashed: the normal one, and for hashes from before, as it was typed."""
    try:
        return list(dict.fromkeys((normal_form(password), password)))
    except ValueError:
        return [password]


@asynccontextmanager
async def open_passwords(threads: int, *, min_length: int = MIN_LENGTH) -> AsyncIterator[Passwords]:
    """A pool of `threads`; on the way out the hashes that wait are dropped."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
    try:
        yield Passwords(pool, min_length=min_length)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
