"""The migrations are one line: two that follow the same one would leave every database without a way to the newest schema."""

from alembic.script import ScriptDirectory

from ordercast.infra.migrations.upgrade import alembic_config


def test_each_migration_follows_the_one_before() -> None:
    scripts = ScriptDirectory.from_config(alembic_config("postgresql+asyncpg://not used"))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert scripts.get_heads() == [revisions[-1]], "give the newer migration the next free number"
    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
