"""Schema changes, applied with Alembic."""

from infra.migrations.upgrade import upgrade

__all__ = ["upgrade"]
