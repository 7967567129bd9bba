"""The whole system as Docker containers in a network of their own: PostgreSQL, Kafka, and the services' images."""

import asyncio
import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from testcontainers.core.container import DockerContainer, ExecConfig

from infra.local.errors import StartFailed
from infra.local.ports import free_port
from infra.local.probes import answers_ok
from infra.local.together import together
from ordercast.client import Addresses
from ordercast.client.session import Login
from ordercast.operator_account import PASSWORD_VARIABLE
from ordercast.testing.engine import Engine, log_tail, open_engine, to_the_end
from ordercast.testing.images import Image, server_image, service_image
from ordercast.testing.server_containers import (
    KAFKA_IMAGE,
    POSTGRES_IMAGE,
    KafkaServerContainer,
    PostgresServerContainer,
)
from ordercast.testing.system import ADMIN_EMAIL, ADMIN_NICKNAME, Report, SystemUnderTest
from services.shared.http.token_keys import create_key_pair
from services.shared.kafka.topics import create_topics

# Time (s) for a service to answer, and for the migrations; a busy machine needs most of it.
START_DEADLINE_S: Final = 120.0
POLL_S: Final = 0.1
# Where services listen inside their containers.
PORT: Final = 8000
# Paths inside the containers.
ARTIFACTS: Final = "/var/lib/ordercast/artifacts"
PRIVATE_KEY: Final = "/run/ordercast/token_private.pem"
PUBLIC_KEY: Final = "/run/ordercast/token_public.pem"
# The keys are of this run alone; the services' user, whoever that is, has to read them.
KEY_MODE: Final = 0o444


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its image, and what the image is to do if not its usual work."""

    image: str
    command: str | None = None


MIGRATIONS: Final = "migrations"
SERVICES: Final[Mapping[str, Service]] = {
    "order_api": Service("order-api"),
    "relay": Service("order-api", "relay"),
    "feature_worker": Service("feature-worker"),
    "trainer": Service("trainer"),
    "predictor": Service("predictor"),
}


@asynccontextmanager
async def container_system(*, partitions: int, report: Report) -> AsyncIterator[SystemUnderTest]:
    """All of it from images, removed at the end.

    Raises:
        LocalError: there is no engine, an image is missing, or a container does not start.
    """
    async with open_engine(report) as engine:
        await engine.ensure(all_images())
        postgres, kafka = PostgresServerContainer(engine), KafkaServerContainer(engine)
        await together((postgres.start(), kafka.start()))
        services = _Services(engine, postgres, kafka, partitions, await engine.volume())
        await together((services.migrate(), create_topics(kafka.bootstrap, partitions)))
        await services.start()
        admin = Login(ADMIN_EMAIL, secrets.token_urlsafe(24))
        await services.create_admin(admin)
        urls = services.urls
        yield SystemUnderTest(
            stack="containers",
            addresses=Addresses(urls["order_api"], urls["trainer"], urls["predictor"]),
            database_url=postgres.url(),
            kafka_bootstrap=kafka.bootstrap,
            partitions=partitions,
            admin=admin,
            log={"postgres": postgres.log, "kafka": kafka.log, **services.logs}.__getitem__,
            copy_artifacts=services.copy_artifacts,
        )


def all_images() -> list[Image]:
    """Every image that a whole system needs."""
    services = {service.image for service in SERVICES.values()}
    return [
        server_image(POSTGRES_IMAGE),
        server_image(KAFKA_IMAGE),
        *(service_image(name) for name in sorted({*services, MIGRATIONS})),
    ]
