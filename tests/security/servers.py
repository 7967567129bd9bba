"""PostgreSQL as each service's role, Kafka as each of its users, and both as strangers."""

import asyncio
from typing import Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import ADMIN, RIGHTS
from ordercast.infra.local.system import System
from ordercast.infra.migrations.grant_rights import Login
from ordercast.infra.migrations.rights import ROLES
from ordercast.running_client import running
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from tests.security.findings import Finding, of_list
from tests.support.database_rights import connect, differences
from tests.support.kafka_rights import DEADLINE_S, TRIED, allowed, strangers

JUNK: Final = Record(b"1", b"no event", [("ce_type", b"nonsense")], 0)
# More than once stopped the worker at each start.
JUNK_RECORDS: Final = 120


async def database(system: System) -> list[Finding]:
    """Every column of every table as every role, and a stranger."""
    url, logins = system.plan.postgres.url(), system.plan.logins
    found = await asyncio.gather(*(differences(url, role, logins[role]) for role in ROLES))
    findings = [
        finding for role, each in zip(ROLES, found, strict=True) for finding in of_list(f"PostgreSQL as {role}", each)
    ]
    for user in (logins["order_api"].user, "ordercast", "postgres"):
        try:
            await (await connect(url, Login(user, "guessed"))).close()
        except asyncpg.InvalidAuthorizationSpecificationError:
            got = "refused"
        else:
            got = "let in"
        findings.append(Finding.compared(f"PostgreSQL as {user} with a guessed password", "refused", got))
    return findings


async def kafka(system: System) -> list[Finding]:
    """Every topic and the group as every user, and strangers at both ports."""
    broker = system.plan.kafka
    async with open_publisher(broker.address(ADMIN), client_id="security") as publisher:
        for topic in ALL_TOPICS:  # so that there is something to read
            await publisher.publish(topic.name, 0, [JUNK])
    wrong = await allowed(broker) ^ RIGHTS
    findings = of_list(f"Kafka: {len(TRIED)} rights of its users", [" ".join(right) for right in sorted(wrong)])
    for name, arguments in strangers(broker).items():
        for port, where in ((broker.port, "broker"), (broker.controller_port, "controller")):
            at = arguments | {"bootstrap_servers": f"127.0.0.1:{port}", "request_timeout_ms": 2_000}
            for kind in (AIOKafkaProducer, AIOKafkaConsumer):
                try:
                    async with running(kind(**at), start_deadline_s=DEADLINE_S):
                        got = "let in"
                except KafkaError:
                    got = "refused"
                does = "writes" if kind is AIOKafkaProducer else "reads"
                findings.append(Finding.compared(f"Kafka, {where}: a client {name} {does}", "refused", got))
    return findings


async def junk(system: System) -> None:
    """Somebody who has order_api's login writes what is no event."""
    async with open_publisher(system.plan.kafka.address("order_api"), client_id="security") as publisher:
        await publisher.publish("views", 0, [JUNK] * JUNK_RECORDS)
