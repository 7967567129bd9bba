"""Commands of `ordercast` run for a test, each as a process of its own: their packages stay out of the tests' process."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import TypeVar

import msgspec

from ordercast.testing.environment import child_environment
from ordercast.testing.system import SystemUnderTest

Answer = TypeVar("Answer")


class CommandFailed(AssertionError):
    """A command did not do what it was asked to; the message has its own words."""


class PostedSample(msgspec.Struct, frozen=True):
    """What `ordercast sample` has put in. `quantities` are pieces ordered, by product id."""

    account_ids: list[int]
    product_ids: list[int]
    orders: int
    views: int
    quantities: dict[int, int]


class Difference(msgspec.Struct, frozen=True):
    """A field of a row that is not as recomputed. Without a `field`, the whole row is missing or was not expected."""

    table: str
    key: dict[str, int]
    field: str | None
    expected: int | str | None
    found: int | str | None


class Verification(msgspec.Struct, frozen=True):
    """What `ordercast verify` has compared, and how it differs."""

    feature_rows: int
    order_items: int
    views: int
    difference_count: int
    differences: list[Difference]


async def run_command(
    system: SystemUnderTest, answer: type[Answer], *arguments: str, sample_password: str = ""
) -> Answer:
    """The answer of `ordercast ARGUMENTS --json` on the system.

    Raises:
        CommandFailed: it gave none.
    """
    addresses = system.addresses
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ordercast.cli", *arguments, "--json"),
        *("--against", addresses.order_api, "--trainer", addresses.trainer, "--predictor", addresses.predictor),
        env=child_environment(
            ORDERCAST_ADMIN_EMAIL=system.admin.email,
            ORDERCAST_ADMIN_PASSWORD=system.admin.password,
            ORDERCAST_SAMPLE_PASSWORD=sample_password,
            ORDERCAST_DATABASE_URL=system.database_url,
            ORDERCAST_KAFKA_BOOTSTRAP=system.kafka_bootstrap,
        ),
        stdout=PIPE,
        stderr=PIPE,
    )
    said, errors = await process.communicate()
    try:
        return msgspec.json.decode(said, type=answer)
    except msgspec.DecodeError:
        raise CommandFailed(
            f"ordercast {' '.join(arguments)} ended with code {process.returncode}: {errors.decode().strip()}"
        ) from None
