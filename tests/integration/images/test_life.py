"""How containers of the images start, tell their health, and stop: read-only, and without any capability."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.local.ports import free_port
from tests.integration.images.containers import Image
from tests.support.fresh_topics import FreshTopics

KEYS: Final = "/run/secrets"
# A volume without a name, which takes its owner from the folder in the image.
ARTIFACTS: Final = "/var/lib/ordercast/artifacts"


@dataclass(frozen=True, slots=True)
class Process:
    """What a service runs as: its image, and the argument that makes another process of it."""

    image: str
    argument: str | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        return (self.argument,) if self.argument else ()

    def __str__(self) -> str:
        return self.argument or self.image


PROCESSES: Final = (
    Process("order-api"),
    Process("order-api", "relay"),
    Process("feature-worker"),
    Process("trainer"),
    Process("predictor"),
    Process("console"),
)


@pytest.mark.parametrize(
    ("image", "process"), [(p.image, p) for p in PROCESSES], indirect=["image"], ids=map(str, PROCESSES)
)
async def test_it_becomes_healthy_and_ends_in_order_when_asked_to(
    image: Image, process: Process, database_url: str, fresh_topics: FreshTopics, token_keys: Path
) -> None:
    environment = {
        "ORDERCAST_DATABASE_URL": database_url,
        "ORDERCAST_KAFKA_BOOTSTRAP": fresh_topics.bootstrap,
        "ORDERCAST_PARTITIONS": str(fresh_topics.partitions),
        "ORDERCAST_PORT": str(free_port()),
        "ORDERCAST_ARTIFACTS_DIR": ARTIFACTS,
        "ORDERCAST_TOKEN_PRIVATE_KEY_FILE": f"{KEYS}/private.pem",
        "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": f"{KEYS}/public.pem",
    }
    mounts = (ARTIFACTS, f"{token_keys}:{KEYS}:ro")
    async with image.running(*process.arguments, environment=environment, mounts=mounts) as container:
        await container.until_healthy()
        assert await container.stop() == 0, container.log()
        assert "stopped" in container.log()


@pytest.mark.parametrize("image", ["console"], indirect=True)
async def test_the_console_shows_its_page_in_each_language_with_its_styles(image: Image) -> None:
    port = free_port()
    async with (
        image.running(environment={"ORDERCAST_PORT": str(port)}) as container,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        await container.until_healthy()
        for language, word in {"en": "Log in", "ko": "로그인"}.items():
            page = await http.get("/log-in", headers={"accept-language": language})
            assert word in page.text
        files = re.findall(r'(?:href|src)="(/static/[^"?]+)', page.text)
        assert len(files) >= 3
        for file in files:
            assert (await http.get(file)).content, file


NEED_SETTINGS: Final = [process for process in PROCESSES if process.image != "console"]


@pytest.mark.parametrize(
    ("image", "process"), [(p.image, p) for p in NEED_SETTINGS], indirect=["image"], ids=map(str, NEED_SETTINGS)
)
def test_a_missing_setting_is_one_line_that_names_it(image: Image, process: Process) -> None:
    ended = image.run(*process.arguments)
    assert ended.code == 1
    (line,) = ended.error.splitlines()
    assert "ORDERCAST_DATABASE_URL" in line


@pytest.mark.parametrize("image", ["order-api"], indirect=True)
async def test_it_is_unhealthy_while_nothing_answers(image: Image) -> None:
    probe = image.run(str(free_port()), entrypoint="healthcheck")
    assert probe.code == 1
    assert "Connection refused" in probe.error


@pytest.mark.parametrize("image", ["migrations"], indirect=True)
async def test_the_job_brings_a_database_to_the_newest_schema(image: Image, empty_database_url: str) -> None:
    ended = image.run(environment={"ORDERCAST_DATABASE_URL": empty_database_url})
    assert ended.code == 0, ended.error
    connection = await asyncpg.connect(empty_database_url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT count(*) FROM orders") == 0
    finally:
        await connection.close()


@pytest.mark.parametrize("image", ["migrations"], indirect=True)
async def test_the_job_makes_the_topics(image: Image, fresh_topics: FreshTopics) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=fresh_topics.bootstrap)
    await admin.start()
    try:
        name = ALL_TOPICS[0].name
        await admin.delete_topics([name])
        partitions = str(fresh_topics.partitions)
        environment = {"ORDERCAST_KAFKA_BOOTSTRAP": fresh_topics.bootstrap, "ORDERCAST_PARTITIONS": partitions}
        ended = image.run("ordercast.services.shared.kafka.topics", environment=environment)
        assert ended.code == 0, ended.error
        assert name in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.parametrize("image", ["migrations"], indirect=True)
def test_the_job_says_which_setting_is_missing(image: Image) -> None:
    ended = image.run()
    assert ended.code == 1
    assert ended.error.splitlines() == ["migrations: ORDERCAST_DATABASE_URL: Field required"]
