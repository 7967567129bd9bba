"""The whole system as Docker containers in a network of their own: PostgreSQL, Kafka, and the services' images."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ordercast.client import Addresses
from ordercast.client.credentials import Login
from ordercast.first_line import first_line
from ordercast.infra.local.databases import service_logins
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.together import together
from ordercast.infra.migrations.rights import ROLES
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.topics import create_topics
from ordercast.stacks.engine import open_engine
from ordercast.stacks.images import Image, server_image, service_image
from ordercast.stacks.made import ADMIN_EMAIL, MadeSystem, Report
from ordercast.stacks.server_containers import (
    KAFKA_IMAGE,
    POSTGRES_IMAGE,
    KafkaServerContainer,
    PostgresServerContainer,
)
from ordercast.stacks.service_containers import MIGRATIONS, SERVICES, Servers, ServiceContainers

# Deadline (s) for making the topics.
TOPICS_DEADLINE_S: Final = 60.0


@asynccontextmanager
async def container_system(*, partitions: int, report: Report) -> AsyncIterator[MadeSystem]:
    """All of it from images, removed at the end.

    Raises:
        ActionableError: there is no engine, an image is missing, or a container does not start.
    """
    async with open_engine(report) as engine:
        await engine.ensure(all_images())
        postgres, kafka = PostgresServerContainer(engine), KafkaServerContainer(engine)
        await together((postgres.start(), kafka.start()))
        logins = service_logins({role: secrets.token_urlsafe(24) for role in ROLES})
        service_urls = {role: postgres.network_url(login=login) for role, login in logins.items()}
        servers = Servers(postgres.network_url(), service_urls, kafka.network_bootstrap, partitions)
        services = ServiceContainers(engine, servers, artifacts_volume=await engine.volume())
        await together((services.migrate(), _make_topics(kafka.bootstrap, partitions)))
        await services.start()
        admin = Login(ADMIN_EMAIL, secrets.token_urlsafe(24))
        await services.create_admin(admin)
        urls, logs = services.urls, {"postgres": postgres.log, "kafka": kafka.log, **services.logs}
        yield MadeSystem(
            addresses=Addresses(urls["order_api"], urls["trainer"], urls["predictor"]),
            database_url=postgres.url(),
            kafka_bootstrap=kafka.bootstrap,
            admin=admin,
            log=lambda name: logs[name](),
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


async def _make_topics(bootstrap: str, partitions: int) -> None:
    try:
        async with asyncio.timeout(TOPICS_DEADLINE_S):
            await create_topics(bootstrap, partitions)
    except (KafkaError, TimeoutError) as error:
        raise StartFailed(f"the topics cannot be made: {first_line(error)}") from error
