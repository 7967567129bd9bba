"""Makes a user of Kafka for each role and the ACLs that `rights` says, no more, however often it is done.

aiokafka has the requests for ACLs; the one for users (KIP-554) is described here.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError as ClientError
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from ordercast.first_line import first_line
from ordercast.infra.kafka.rights import RIGHTS, ROLES, user_of
from ordercast.services.shared.kafka.errors import BrokerUnavailable

SCRAM_SHA_512: Final = 2
# The fewest that Kafka takes. A password here is drawn, of 192 bits: no number of iterations makes it harder to guess.
SCRAM_ITERATIONS: Final = 4_096
SALT_BYTES: Final = 16

# Numbers of Kafka's protocol, for what the table says.
KINDS: Final = {"TOPIC": 2, "GROUP": 3, "TRANSACTIONAL_ID": 5}
OPERATIONS: Final = {"READ": 3, "WRITE": 4}
LITERAL: Final = 3
ALLOW: Final = 3
ANY: Final = 1
ANY_HOST: Final = "*"
# What was made is seen by the brokers a moment later (s).
SEEN_WITHIN_S: Final = 30.0
POLL_S: Final = 0.05

# An ACL in the order of the protocol: kind, name, pattern, principal, host, operation, permission.
Acl = tuple[int, str, int, str, str, int, int]


class AlterUserScramCredentialsResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentialsRequest(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = AlterUserScramCredentialsResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


async def grant_rights(super_user: Mapping[str, Any], passwords: Mapping[str, str]) -> None:
    """Makes the users, and their ACLs what the table says: missing ones are made, others of theirs revoked.

    `super_user` has the arguments of a client that may do so, `passwords` those of the roles. Returns when a broker has seen it.

    Raises:
        BrokerUnavailable: no broker answers, or it does not do it; the message says why.
    """
    try:
        async with _connected(super_user) as client, asyncio.timeout(SEEN_WITHIN_S):
            await _make_users(client, {user_of(role): password for role, password in passwords.items()})
            wanted = {_acl(*right) for right in RIGHTS}
            ours = {f"User:{user_of(role)}" for role in ROLES}
            while (found := await _acls(client, ours)) != wanted:
                await _create(client, wanted - found)
                await _delete(client, found - wanted)
                await asyncio.sleep(POLL_S)
    except (ClientError, OSError) as error:
        raise BrokerUnavailable(f"the users of Kafka were not made: {first_line(error)}") from error


async def add_reader(
    super_user: Mapping[str, Any], user: str, password: str, topics: Collection[str], group: str
) -> None:
    """Makes a user who may read these topics as this consumer group, and nothing else; one that is there gets the password.

    What it was allowed before stays. Returns when a broker has seen it.

    Raises:
        BrokerUnavailable: no broker answers, or it does not do it; the message says why.
    """
    principal = f"User:{user}"
    of_topics = {(KINDS["TOPIC"], topic, LITERAL, principal, ANY_HOST, OPERATIONS["READ"], ALLOW) for topic in topics}
    wanted = of_topics | {(KINDS["GROUP"], group, LITERAL, principal, ANY_HOST, OPERATIONS["READ"], ALLOW)}
    try:
        async with _connected(super_user) as client, asyncio.timeout(SEEN_WITHIN_S):
            await _make_users(client, {user: password})
            while missing := wanted - await _acls(client, {principal}):
                await _create(client, missing)
                await asyncio.sleep(POLL_S)
    except (ClientError, OSError) as error:
        raise BrokerUnavailable(f"the user of Kafka was not made: {first_line(error)}") from error


@asynccontextmanager
async def _connected(arguments: Mapping[str, Any]) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(**arguments)
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


async def _make_users(client: AIOKafkaClient, passwords: Mapping[str, str]) -> None:
    made: list[tuple[object, ...]] = []
    for user, password in passwords.items():
        salt = secrets.token_bytes(SALT_BYTES)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, SCRAM_ITERATIONS)
        made.append((user, SCRAM_SHA_512, SCRAM_ITERATIONS, salt, salted, {}))
    answer = await _ask(client, AlterUserScramCredentialsRequest([], made, {}))
    for user, code, message, _ in answer.results:
        _check(code, message, f"user {user}")


async def _acls(client: AIOKafkaClient, principals: Collection[str]) -> set[Acl]:
    """Those of these users."""
    answer = await _ask(client, DescribeAclsRequest_v1(ANY, None, ANY, None, None, ANY, ANY))
    _check(answer.error_code, answer.error_message, "ACLs")
    return {
        (kind, name, pattern, principal, *rest)
        for kind, name, pattern, acls in answer.resources
        for principal, *rest in acls
        if principal in principals
    }


async def _create(client: AIOKafkaClient, acls: Collection[Acl]) -> None:
    if acls:
        answer = await _ask(client, CreateAclsRequest_v1(list(acls)))
        for code, message in answer.creation_responses:
            _check(code, message, "ACLs")


async def _delete(client: AIOKafkaClient, acls: Collection[Acl]) -> None:
    if acls:
        answer = await _ask(client, DeleteAclsRequest_v1(list(acls)))
        for code, message, _ in answer.filter_responses:
            _check(code, message, "ACLs")


def _acl(role: str, kind: str, name: str, operation: str) -> Acl:
    return KINDS[kind], name, LITERAL, f"User:{user_of(role)}", ANY_HOST, OPERATIONS[operation], ALLOW


def _check(code: int, message: str | None, what: str) -> None:
    if code:
        raise BrokerUnavailable(f"{what} of Kafka were not made: {message or f'error {code}'}")


@dataclass(frozen=True, slots=True)
class _AsItIs:
    """A request of one version; aiokafka asks those that it has in several to choose."""

    request: RequestStruct

    def prepare(self, _versions: object) -> RequestStruct:
        return self.request


async def _ask(client: AIOKafkaClient, request: RequestStruct) -> Any:
    return await client.send(client.get_random_node(), _AsItIs(request))
