"""Tries what a role may do in the database: with every column of every table."""

from typing import Final

import asyncpg

from ordercast.database_tls import asyncpg_address
from ordercast.infra.migrations.grant_rights import Login
from ordercast.infra.migrations.rights import GRANTS

# EXPLAIN checks the rights as the statement itself would, and changes nothing.
TRIED: Final = {
    "SELECT": "EXPLAIN SELECT {column} FROM {table}",
    "INSERT": "EXPLAIN INSERT INTO {table} ({column}) VALUES (DEFAULT)",
    "UPDATE": "EXPLAIN UPDATE {table} SET {column} = DEFAULT",
    "DELETE": "EXPLAIN DELETE FROM {table}",
}
OTHER_RIGHTS: Final = "TRUNCATE, REFERENCES, TRIGGER, MAINTAIN"
RELATIONS: Final = """
    SELECT c.relname, c.relkind IN ('v', 'm') AS is_view,
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
"""


async def connect(database_url: str, login: Login) -> asyncpg.Connection:
    address, _ = asyncpg_address(database_url)
    return await asyncpg.connect(address, user=login.user, password=login.password)


async def may(connection: asyncpg.Connection, statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def differences(database_url: str, role: str, login: Login) -> list[str]:
    """What the role may do and the table of rights does not say, and the other way round."""
    connection = await connect(database_url, login)
    found = []
    for name, is_view, columns in await connection.fetch(RELATIONS):
        rights = {} if is_view else GRANTS[name, role]
        for right, statement in TRIED.items():
            for column in columns if "{column}" in statement else columns[:1]:
                granted = right in rights and (not rights[right] or column in rights[right])
                if await may(connection, statement.format(table=name, column=column)) != granted:
                    found.append(f"{role} {right} {name}.{column}: granted {granted}")
        if await connection.fetchval("SELECT has_table_privilege($1, $2)", name, OTHER_RIGHTS):
            found.append(f"{role} {OTHER_RIGHTS} {name}")
    if await may(connection, "CREATE TABLE bread ()"):
        found.append(f"{role} makes tables")
    await connection.close()
    return found
