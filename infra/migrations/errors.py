"""What can go wrong in a migration, beside the database's own errors."""

from ordercast.services.shared.process.errors import CannotStart


class TablesInUse(CannotStart):
    """Transient: a table that the migration alters was locked for too long. Nothing was changed."""
