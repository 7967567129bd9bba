"""The migrations are one line: two that follow the same one would leave every database without a way to the newest schema."""

import subprocess
import sys

from alembic.script import ScriptDirectory

from ordercast.infra.migrations.upgrade import alembic_config


def test_each_migration_follows_the_one_before() -> None:
    scripts = ScriptDirectory.from_config(alembic_config("postgresql+asyncpg://not used"))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert scripts.get_heads() == [revisions[-1]], "give the newer migration the next free number"
    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]


def test_the_tables_load_nothing_that_the_image_of_the_migrations_lacks() -> None:
    """It has the extra `shared` alone."""
    lacks = {"numpy", "safetensors", "sklearn", "tensorflow", "fastapi", "pydantic", "aiokafka"}
    code = f"import sys, ordercast.infra.migrations.tables; print(sorted({lacks!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"
