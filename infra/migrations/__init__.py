"""Schema changes, applied with Alembic: `upgrade.upgrade(database_url)`."""
