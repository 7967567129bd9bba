"""The programs of docs/consumers, as their readers run them: each is killed in the middle, repeats come, and the sums add up."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator

from ordercast.contracts.event_headers import EVENT_HEADERS
from ordercast.contracts.json_schema import event_schema
from ordercast.contracts.topics import ORDERS
from ordercast.infra.kafka.rights import ADMIN, ROLES, user_of
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker, KafkaInstall, java_environment
from ordercast.infra.local.ports import free_port
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.topics import create_topics
from tests.support import consumer_programs as programs
from tests.support.embedded import running
from tests.support.orders_to_consume import PARTITIONS, Program, ShopToConsume
from tests.support.seeds import seed_accounts, seed_products
from tests.support.tls_broker import BrokerWithTls

PASSWORDS: Final = {role: f"password-of-{role}" for role in (*ROLES, ADMIN)}
# Of the guide.
USER: Final = "shop"
USER_PASSWORD: Final = "a-secret-of-the-shop"
# For a program to catch up, on a machine that does other things too (s): a JVM compiles the program first.
DEADLINE_S: Final = 120.0
POLL_S: Final = 0.05


@pytest.fixture(scope="module")
async def shop(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ShopToConsume]:
    folder = tmp_path_factory.mktemp("kafka")
    ports = free_port(), free_port()
    broker = BrokerWithTls(
        await ensure_kafka(), folder, *ports, folder / "log", passwords=PASSWORDS, tls_port=free_port()
    )
    await broker.prepare()
    async with (
        running(broker.command(), broker.answers),
        open_database(module_database_url, application="t") as sessions,
    ):
        await broker.grant_rights()
        await create_topics(broker.address(ADMIN), PARTITIONS)
        await asyncio.to_thread(make_user, broker)
        yield ShopToConsume(
            broker, sessions, await seed_accounts(sessions, 7), await seed_products(sessions, ["1", "2"])
        )


def make_user(broker: KafkaBroker) -> None:
    """By the guide's own commands."""
    admin = broker.folder / "admin.properties"
    admin.write_text(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
        f' username="{user_of(ADMIN)}" password="{PASSWORDS[ADMIN]}";\n'
    )
    for command in programs.user_commands(broker.install, admin, broker.bootstrap, USER_PASSWORD):
        done = subprocess.run(command, env=java_environment(), capture_output=True, text=True, timeout=DEADLINE_S)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, KafkaInstall], tuple[str, ...]]:
    """The command of a language's program, whose packages are installed and which is compiled once."""

    @cache
    def command(language: str, install: KafkaInstall) -> tuple[str, ...]:
        return programs.COMMANDS[language](tmp_path_factory.mktemp(language), install)

    return command


# Not of the module, so that the tests come language after language and the gap, which stays, at their end.
@pytest.fixture(params=programs.COMMANDS)
async def program(
    request: pytest.FixtureRequest,
    shop: ShopToConsume,
    made: Callable[[str, KafkaInstall], tuple[str, ...]],
    tmp_path: Path,
) -> Program:
    """One that has consumed nothing yet."""
    environment = {
        **os.environ,
        "ORDERCAST_KAFKA_BOOTSTRAP": shop.broker.bootstrap,
        "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "ORDERCAST_KAFKA_USERNAME": USER,
        "ORDERCAST_KAFKA_PASSWORD": USER_PASSWORD,
    }
    command = await asyncio.to_thread(made, request.param, shop.broker.install)
    return Program(command, environment, tmp_path / "state.json")


async def reached(program: Program, process: asyncio.subprocess.Process, done: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not done():
                assert process.returncode is None, program.said()
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"it has come to {program.kept()}\n{program.said()}") from None


async def killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_all_that_goes_out_fits_the_documents(shop: ShopToConsume) -> None:
    """Headers and bodies as the outbox wrote them, read by somebody who knows nothing but the schemas."""
    await shop.place(30)
    await shop.relay()
    types = set()
    async for record in read_topic(shop.broker.address("operator"), ORDERS.name):
        headers = {name: value.decode() for name, value in record.headers}
        Draft202012Validator(EVENT_HEADERS).validate(headers)
        Draft202012Validator(event_schema(headers["ce_type"])).validate(json.loads(record.value or b""))
        types.add(headers["ce_type"])
    assert types == {"ordercast.order.placed.v1", "ordercast.order.cancelled.v1"}


async def test_killed_in_the_middle_and_with_repeats_and_replays_it_adds_up_what_the_database_has(
    shop: ShopToConsume, program: Program
) -> None:
    await shop.place(60)
    await shop.relay(dying=True)
    before = await shop.ends()
    process = await program.started()
    try:
        await reached(program, process, lambda: program.kept()["positions"] == before)
        assert program.kept()["quantities"] == await shop.ordered()
        # It is at work when it dies: the rest comes meanwhile.
        await shop.place(60)
        placing = asyncio.create_task(shop.relay())
        await reached(program, process, lambda: program.kept()["positions"] != before)
    finally:
        await killed(process)
    await placing
    await shop.place(60)
    await shop.relay(dying=True)
    await shop.replay()
    ends = await shop.ends()
    assert program.kept()["positions"] != ends
    process = await program.started()
    try:
        await reached(program, process, lambda: program.kept()["positions"] == ends)
    finally:
        await killed(process)
    assert program.kept()["quantities"] == await shop.ordered()
    assert program.gaps() == []


async def test_a_position_that_the_log_does_not_have_stops_it_and_nothing_is_skipped(
    shop: ShopToConsume, program: Program
) -> None:
    await shop.place(12)
    await shop.relay()
    partition, end = next(iter((await shop.ends()).items()))
    beyond = {partition: end + 1_000}
    program.state.write_text(json.dumps({"positions": beyond, "streams": {}, "quantities": {}, "gaps": []}))
    process = await program.started()
    try:
        async with asyncio.timeout(DEADLINE_S):
            code = await process.wait()
    except TimeoutError:
        raise AssertionError(f"it goes on from {program.kept()}\n{program.said()}") from None
    finally:
        await killed(process)
    assert code != 0
    assert re.search("out.?of.?range", program.said(), re.IGNORECASE), program.said()
    assert program.kept()["positions"][partition] == end + 1_000


def over_tls(shop: ShopToConsume, program: Program, **variables: str) -> Program:
    """The same program at the port with TLS, which it takes unless it is told otherwise."""
    assert isinstance(shop.broker, BrokerWithTls)
    environment = {**program.environment, "ORDERCAST_KAFKA_BOOTSTRAP": shop.broker.tls_bootstrap, **variables}
    del environment["ORDERCAST_KAFKA_SECURITY_PROTOCOL"]
    return replace(program, environment=environment)


async def test_over_tls_it_adds_up_the_same(shop: ShopToConsume, program: Program) -> None:
    assert isinstance(shop.broker, BrokerWithTls)
    await shop.place(12)
    await shop.relay()
    ends = await shop.ends()
    program = over_tls(shop, program, ORDERCAST_KAFKA_CA=str(shop.broker.ca))
    process = await program.started()
    try:
        await reached(program, process, lambda: program.kept()["positions"] == ends)
    finally:
        await killed(process)
    assert program.kept()["quantities"] == await shop.ordered()


@pytest.fixture(scope="module")
async def gap(shop: ShopToConsume) -> str:
    return await shop.lose_numbers()


async def test_it_knows_of_a_gap(shop: ShopToConsume, program: Program, gap: str) -> None:
    ends = await shop.ends()
    process = await program.started()
    try:
        await reached(program, process, lambda: program.kept()["positions"] == ends)
    finally:
        await killed(process)
    assert program.gaps() == [gap]
    assert f"gap {gap}" in program.said()
    assert program.kept()["quantities"] == await shop.ordered()
