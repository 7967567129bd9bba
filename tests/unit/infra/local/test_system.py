"""The newest migration is told from the files' names, without Alembic."""

from alembic.script import ScriptDirectory

from ordercast.infra.local.system import newest_revision
from ordercast.infra.migrations.upgrade import alembic_config


def test_it_is_the_head_that_alembic_finds() -> None:
    assert newest_revision() == ScriptDirectory.from_config(alembic_config("")).get_current_head()
