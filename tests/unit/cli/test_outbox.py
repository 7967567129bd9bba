"""`ordercast outbox`: how refused events are shown."""

import pytest
from rich.console import Console

from ordercast.cli.outbox import table


def test_waiting_and_discarded_events_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"refused_at": "2026-01-02", "event_type": "placed", "account_id": 7, "reason": "TOO_UGLY"}
    found = [{**event, "id": "3:1", "discarded_at": None}, {**event, "id": "3:2", "discarded_at": "2026-01-03"}]
    Console(width=160).print(table(found))
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [["3:1", "waiting"], ["3:2", "discarded"]]
