"""`ordercast dead-letters`: which are shown, and which are sent again."""

import pytest
from rich.console import Console

from ordercast.cli.dead_letters import chosen_letters, table
from ordercast.services.shared.db.dead_letter_states import State
from ordercast.services.shared.kafka.dead_letters import DeadLetter
from ordercast.services.shared.kafka.records import Partition, Record


def test_a_dead_letters_reason_may_quote_what_looks_like_markup(capsys: pytest.CaptureFixture[str]) -> None:
    letter = DeadLetter(Partition("views", 1), 12, "unknown event type '[/bold]evil[red]'", Record(b"", b"", [], 1500))
    Console(width=160).print(table([letter], {letter.id: "waiting"}))
    assert (
        "views:1:12  waiting  views  1970-01-01T00:00:01.500+00:00  unknown event type '[/bold]evil[red]'"
        in capsys.readouterr().out
    )


def test_a_letter_that_was_cut_holds_up_no_other_of_all_that_wait() -> None:
    record = Record(b"", b"", [], 0)
    cut, waiting, replayed = (
        DeadLetter(Partition("views", 1), offset, "a reason", record, is_cut=offset == 1) for offset in (1, 2, 3)
    )
    letters = [cut, waiting, replayed]
    states: dict[str, State] = {cut.id: "waiting", waiting.id: "waiting", replayed.id: "replayed"}
    assert chosen_letters(letters, states, [], everything=True) == ([waiting], [cut])
    assert chosen_letters(letters, states, [cut.id, replayed.id], everything=False) == ([cut, replayed], [])
