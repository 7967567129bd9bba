"""The points of each account, in SQLite."""

import sqlite3
from pathlib import Path


class Ledger:
    """Points that each event has given or taken, each event once."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        self._database.executescript(
            """
            CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY);
            CREATE TABLE IF NOT EXISTS points (account_id INTEGER PRIMARY KEY, points INTEGER NOT NULL);
            """
        )

    def record(self, event_id: str, account_id: int, points: int) -> bool:
        """Adds the points, unless the event was recorded before; whether it was new."""
        with self._database:  # one transaction: an event is seen exactly when its points are there
            new = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", [event_id]).rowcount == 1
            if new:
                self._database.execute(
                    "INSERT INTO points VALUES (?, ?)"
                    " ON CONFLICT (account_id) DO UPDATE SET points = points.points + excluded.points",
                    [account_id, points],
                )
        return new

    def points_of(self, account_id: int) -> int:
        found = self._database.execute("SELECT points FROM points WHERE account_id = ?", [account_id]).fetchone()
        return int(found[0]) if found else 0

    def close(self) -> None:
        self._database.close()
