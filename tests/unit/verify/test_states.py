"""Which states are compared: neither those whose event still waits, nor those that changed after the snapshot."""

from pathlib import Path

import pyarrow as pa
import pytest

from ordercast.verify.spool import Spool
from ordercast.verify.states import KINDS, States

ACCOUNTS = KINDS[1]


def states(folder: Path, table: list[tuple[int, bool]], events: list[tuple[int, bool]]) -> States:
    """Accounts of the table with whether an event of each waits, and events with whether each is of later."""
    spools = []
    for name, flag, rows in (("table", "waiting", table), ("events", "later", events)):
        with Spool(folder, name, pa.schema({**ACCOUNTS.columns, flag: pa.bool_()}), 2, dealt_by="account_id") as spool:
            spool.add(rows)
        spools.append(spool)
    return States(ACCOUNTS, 2, spools[0], spools[1], 0)


@pytest.mark.parametrize(
    ("table", "events", "found"),
    [
        ([(1, False), (2, False)], [(2, False), (1, False), (1, False)], []),
        ([(1, False), (2, False)], [(2, False)], ["last events of accounts account_id=1: the row is missing"]),
        ([(2, False)], [(1, False), (2, False)], ["last events of accounts account_id=1: the row should not be there"]),
        ([(1, True), (2, False)], [(2, False)], []),
        ([(2, False)], [(1, True), (2, False)], []),
        ([], [], []),
        ([(1, False)], [], ["last events of accounts account_id=1: the row is missing"]),
    ],
)
def test_each_account_has_a_last_event_unless_it_waits_or_is_newer(
    tmp_path: Path, table: list[tuple[int, bool]], events: list[tuple[int, bool]], found: list[str]
) -> None:
    assert list(map(str, states(tmp_path, table, events).differences())) == found
