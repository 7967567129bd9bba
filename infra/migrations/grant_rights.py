"""Makes a role of PostgreSQL for each service and grants it what `rights` says, no more, however often it is done."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import asyncpg

from ordercast.first_line import first_line
from ordercast.infra.migrations.rights import GRANTS
from ordercast.services.shared.process.errors import CannotStart

# Any fixed number that nobody else locks in this database: migrations that start together must not race.
MIGRATION_LOCK: Final = 7_305_110_401
# As PostgreSQL makes its own verifiers (scram_iterations).
SCRAM_ITERATIONS: Final = 4_096
SALT_BYTES: Final = 16


class RolesNotMade(CannotStart):
    """A role is missing and cannot be made, or is one that must not be a service's. Nothing was changed."""


class Login(NamedTuple):
    """What a service logs in with."""

    user: str
    password: str

    @classmethod
    def of(cls, url: str) -> "Login":
        parts = urlsplit(url)
        return cls(unquote(parts.username or ""), unquote(parts.password or ""))


async def grant_rights(connection: asyncpg.Connection, logins: Mapping[str, Login]) -> list[str]:
    """In one transaction, by the owner of the schema. `logins` by service; two services may share a login.

    Returns the roles whose passwords were left as they are, because the owner may not set them.

    Raises:
        RolesNotMade: a role cannot be made, or owns the schema.
    """
    users = dict.fromkeys(login.user for login in logins.values())
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await _refuse_owners(connection, users)
        kept = [login.user for login in dict.fromkeys(logins.values()) if not await _make(connection, login)]
        for user in users:
            await _run(connection, "GRANT USAGE ON SCHEMA public TO %I", user)
            await _run(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I", user)
        for (table, role), rights in GRANTS.items():
            listed = ", ".join(
                f"{right} ({', '.join(columns)})" if columns else right for right, columns in rights.items()
            )
            if listed and role in logins:
                await _run(connection, f"GRANT {listed} ON TABLE public.{table} TO %I", logins[role].user)
    return kept


async def _refuse_owners(connection: asyncpg.Connection, users: Mapping[str, None]) -> None:
    """Its own rights would be revoked, or none of what is granted here would bind it."""
    query = "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR pg_has_role(oid, current_user, 'MEMBER'))"
    if owners := await connection.fetch(query, [*users]):
        raise RolesNotMade(
            f"a service cannot log in as {owners[0]['rolname']}, who owns the schema; name another user in its URL, or leave the"
            " services' URLs out: then all of them use ORDERCAST_DATABASE_URL"
        )


async def _make(connection: asyncpg.Connection, login: Login) -> bool:
    """False where the role is there and this one may not set its password."""
    exists = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", login.user)
    statement = f"{'ALTER' if exists else 'CREATE'} ROLE %I LOGIN PASSWORD %L"
    try:
        async with connection.transaction():
            await _run(connection, statement, login.user, scram_verifier(login.password))
    except asyncpg.InsufficientPrivilegeError as error:
        if exists:
            return False
        raise RolesNotMade(
            f"there is no role {login.user}, and this one may not make roles ({first_line(error)}); make it (CREATE ROLE"
            f" {login.user} LOGIN PASSWORD ...), or leave the services' URLs out: then all of them use ORDERCAST_DATABASE_URL"
        ) from error
    return True


async def _run(connection: asyncpg.Connection, statement: str, *values: str) -> None:
    """`%I` is an identifier, `%L` a literal, as PostgreSQL's format has them."""
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", statement, [*values]))


def scram_verifier(password: str) -> str:
    """What PostgreSQL keeps of a password, so that the password itself is in no statement, which a server may log.

    RFC 5803's form, by RFC 5802 and RFC 7677: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", unicodedata.normalize("NFKC", password).encode(), salt, SCRAM_ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_, stored, server = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt_}${stored}:{server}"
