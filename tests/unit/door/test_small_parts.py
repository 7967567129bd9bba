"""The door's small parts: working on many things at once, remembering what was sent, keeping what was refused."""

import asyncio
import csv
from pathlib import Path

import pytest
from rich.console import Console

from ordercast.cli.dead_letters import chosen_letters, table
from ordercast.cli.tail import line
from ordercast.online_retail.rejects import open_rejects
from ordercast.online_retail.rows import COLUMNS, RawRow, RefusedRow
from ordercast.sent_batches import SentBatches
from ordercast.services.shared.kafka.dead_letters import DeadLetter, State
from ordercast.services.shared.kafka.records import Partition, Record
from ordercast.tail import TailedEvent
from ordercast.work_together import for_each


async def test_every_item_is_worked_on_and_no_more_than_allowed_at_once() -> None:
    under_way = most = 0
    done: list[int] = []

    async def work(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    await for_each(range(100), work, at_once=7)
    assert sorted(done) == list(range(100))
    assert most == 7


async def test_items_are_taken_only_when_a_hand_is_free_and_the_first_error_ends_all() -> None:
    taken: list[int] = []

    async def work(item: int) -> None:
        taken.append(item)
        await asyncio.sleep(0)
        if item == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        await for_each(range(1_000_000), work, at_once=3)
    assert len(taken) < 12


def test_a_batch_that_was_sent_is_remembered_by_the_next_run(tmp_path: Path) -> None:
    sent = SentBatches(tmp_path / "sent")
    sent.add("one")
    assert "one" in sent
    again = SentBatches(tmp_path / "sent")
    assert "one" in again
    assert "two" not in again


def refused(number: int, text: str) -> RefusedRow:
    return RefusedRow(RawRow(number, ("1", "2", text, "4", "5", "6", "7", "8")), "a reason")


def test_refused_rows_come_out_as_they_stood_with_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rejects.csv"
    with open_rejects(path) as rejects:
        rejects.add(refused(7, 'a, "b"\nc'))
        rejects.add(refused(9, "caf\udce9"))
    assert b"caf\xe9" in path.read_bytes()  # not UTF-8, and as it was
    with path.open(newline="", errors="replace") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["row", "reason", *COLUMNS]
    assert rows[1] == ["7", "a reason", "1", "2", 'a, "b"\nc', "4", "5", "6", "7", "8"]


def test_an_import_that_fails_keeps_the_old_rejects_and_its_own_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("old")

    def fail_in_the_middle() -> None:
        with open_rejects(path) as rejects:
            rejects.add(refused(7, "x"))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fail_in_the_middle()
    assert path.read_text() == "old"
    assert "a reason" in (tmp_path / "rejects.csv.part").read_text()


def test_a_dead_letters_reason_may_quote_what_looks_like_markup(capsys: pytest.CaptureFixture[str]) -> None:
    letter = DeadLetter(Partition("views", 1), 12, "unknown event type '[/bold]evil[red]'", Record(b"", b"", [], 0))
    Console(width=120).print(table([letter], {letter.id: "waiting"}))
    assert "views:1:12  waiting  unknown event type '[/bold]evil[red]'" in capsys.readouterr().out


def test_a_letter_that_was_cut_holds_up_no_other_of_all_that_wait() -> None:
    record = Record(b"", b"", [], 0)
    cut, waiting, replayed = (
        DeadLetter(Partition("views", 1), offset, "a reason", record, is_cut=offset == 1) for offset in (1, 2, 3)
    )
    letters = [cut, waiting, replayed]
    states: dict[str, State] = {cut.id: "waiting", waiting.id: "waiting", replayed.id: "replayed"}
    assert chosen_letters(letters, states, [], everything=True) == ([waiting], [cut])
    assert chosen_letters(letters, states, [cut.id, replayed.id], everything=False) == ([cut, replayed], [])


def test_a_tailed_event_cannot_steer_the_terminal() -> None:
    event = TailedEvent("views", 1, 20, None, "\x1b[31mred", "", "now\r", "caf\u00e9\x1b[2J\n")
    assert line(event).plain == r"now\r  views/1@20  \x1b[31mred  café\x1b[2J\n"
