"""Tables beside the live ones, in a schema of their own: the same names, columns, indexes and constraints.

Whoever's search path names that schema writes them with the statements that write the live ones. Putting them in place only
changes their schema, so their indexes and constraints have the right names at once.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.shared.db.dead_letter_states import DISCARDED
from ordercast.services.shared.db.features import (
    FeatureLastSequence,
    FeaturePosition,
    FeatureRow,
    FeatureSequencesAhead,
    FeatureViewTime,
    PairActivity,
    PredictionAnswer,
    ProductActivity,
    ProductTrend,
    ShopTrend,
)
from ordercast.services.shared.db.metadata import Base

LIVE: Final = "public"
SHADOW: Final = "feature_rebuild"
# Waiting longer (ms) for a lock on a live table would hold up everybody who comes after.
LOCK_TIMEOUT_MS: Final = 3_000
# Differences shown of each table; more would not tell more.
SHOWN: Final = 20

# Last sequences differ by right: old streams are forgotten, and their times are those of the reading.
_COMPARED_MODELS: Final = (
    FeatureRow,
    FeatureViewTime,
    ProductTrend,
    ShopTrend,
    PairActivity,
    ProductActivity,
    PredictionAnswer,
)
_TABLES: Final[tuple[Table, ...]] = tuple(
    Base.metadata.tables[model.__tablename__]
    for model in (*_COMPARED_MODELS, FeaturePosition, FeatureLastSequence, FeatureSequencesAhead)
)
_COMPARED: Final[tuple[Table, ...]] = tuple(Base.metadata.tables[model.__tablename__] for model in _COMPARED_MODELS)
_NOT_COMPARED: Final = frozenset({"updated_at"})
_VIEWS: Final = text("""
    SELECT DISTINCT quote_ident(v.viewname) AS name, v.definition
    FROM pg_views AS v JOIN information_schema.view_table_usage AS u ON u.view_schema = v.schemaname AND u.view_name = v.viewname
    WHERE v.schemaname = :live AND u.table_schema = :live AND u.table_name = ANY (CAST(:tables AS text[]))
""")
# What others than the owner may do with the live tables, as statements that grant the same again.
_GRANTS: Final = text("""
    SELECT format('GRANT %s ON %s.%I TO %I', a.privilege_type, CAST(:live AS text), c.relname, r.rolname)
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = CAST(:live AS regnamespace) AND c.relname = ANY (CAST(:tables AS text[])) AND a.grantee <> c.relowner
""")
# Which dead letters somebody has discarded stands nowhere in the topics.
_KEEP_DISCARDED: Final = text(f"""
    UPDATE {SHADOW}.feature_last_sequences AS rebuilt SET last_sequence = live.last_sequence
    FROM {LIVE}.feature_last_sequences AS live
    WHERE live.producer LIKE 'replay:%' AND live.last_sequence = :discarded
        AND (rebuilt.topic, rebuilt.partition, rebuilt.producer) = (live.topic, live.partition, live.producer)
""")  # noqa: S608 - names of our own schemas


@dataclass(frozen=True, slots=True)
class Differences:
    """Rows in which the rebuilt tables differ from the live ones: how many, and what some of them look like."""

    count: int
    examples: list[str]


async def create_shadow(session: AsyncSession) -> None:
    """Makes empty shadow tables; what an earlier rebuild left behind is dropped."""
    await drop_shadow(session)
    await session.execute(text(f"CREATE SCHEMA {SHADOW}"))
    shadow = MetaData(schema=SHADOW, naming_convention=Base.metadata.naming_convention)
    for table in _TABLES:
        table.to_metadata(shadow, schema=SHADOW)
    connection = await session.connection()
    await connection.run_sync(shadow.create_all, checkfirst=False)


async def drop_shadow(session: AsyncSession) -> None:
    await session.execute(text(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE"))


async def hold_positions(session: AsyncSession) -> None:
    """Keeps every worker out until the transaction ends: each of its transactions begins with its positions.

    A table lock, acquired before anything else: a worker that waits for it holds nothing that the swap needs.
    """
    await session.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    await session.execute(text(f"LOCK TABLE {LIVE}.{FeaturePosition.__tablename__} IN ACCESS EXCLUSIVE MODE"))


async def compare_with_shadow(session: AsyncSession) -> Differences:
    """Where the shadow tables differ from the live ones. Both have to stand at the same positions."""
    count, examples = 0, list[str]()
    for table in _COMPARED:
        rows = (await session.execute(text(_comparison(table)))).all()
        count += rows[0].total if rows else 0
        examples += [f"{table.name} {row.key}: live {row.live}, rebuilt {row.rebuilt}" for row in rows]
    return Differences(count, examples)


async def swap_shadow_in(session: AsyncSession) -> None:
    """Puts the shadow tables in the live ones' place. It shows at the commit, to all readers at once.

    Views of the live tables, as those for the names of the release before, are made again, and who may use the tables may go on.
    """
    await session.execute(_KEEP_DISCARDED, {"discarded": DISCARDED})
    replaced = {"live": LIVE, "tables": [table.name for table in _TABLES]}
    views = (await session.execute(_VIEWS, replaced)).all()
    grants = (await session.scalars(_GRANTS, replaced)).all()
    for view in views:
        await session.execute(text(f"DROP VIEW {LIVE}.{view.name}"))
    for table in _TABLES:
        await session.execute(text(f"DROP TABLE {LIVE}.{table.name}"))
        await session.execute(text(f"ALTER TABLE {SHADOW}.{table.name} SET SCHEMA {LIVE}"))
    for view in views:
        await session.execute(text(f"CREATE VIEW {LIVE}.{view.name} AS {view.definition}"))
    connection = await session.connection()
    for grant in grants:
        await connection.exec_driver_sql(grant)  # as it is: a role's name may hold what `text` takes for a parameter
    await session.execute(text(f"DROP SCHEMA {SHADOW}"))


def _comparison(table: Table) -> str:
    keys = [column.name for column in table.primary_key]
    columns = [column.name for column in table.columns if column.name not in _NOT_COMPARED]
    live, rebuilt = (", ".join(f"{side}.{name}" for name in columns) for side in ("live", "rebuilt"))
    same_key = " AND ".join(f"live.{name} = rebuilt.{name}" for name in keys)
    key = ", ".join(f"coalesce(live.{name}, rebuilt.{name})" for name in keys)
    return f"""
        SELECT CAST(ROW({key}) AS text) AS key, count(*) OVER () AS total,
            CASE WHEN live.{keys[0]} IS NOT NULL THEN CAST(ROW({live}) AS text) END AS live,
            CASE WHEN rebuilt.{keys[0]} IS NOT NULL THEN CAST(ROW({rebuilt}) AS text) END AS rebuilt
        FROM {LIVE}.{table.name} AS live FULL JOIN {SHADOW}.{table.name} AS rebuilt ON {same_key}
        WHERE ({live}) IS DISTINCT FROM ({rebuilt})
        LIMIT {SHOWN}
    """  # noqa: S608 - names of our own tables and columns
