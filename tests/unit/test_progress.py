"""What is said on stderr while something takes long."""

from io import StringIO

from rich.console import Console

from ordercast.progress import member_bars


def said_of(epochs: int, *, terminal: bool) -> str:
    written = StringIO()
    with member_bars(Console(file=written, force_terminal=terminal, width=80)) as progress:
        for epoch in range(1, epochs + 1):
            progress.show(epoch, epochs, [0.5, None])
        # The bars themselves come at the end where nothing moves.
        return written.getvalue()


def test_without_a_terminal_a_training_says_how_far_it_is_at_its_begin_its_end_and_between() -> None:
    lines = said_of(300, terminal=False).splitlines()
    assert lines == [f"epoch {epoch} of 300" for epoch in (1, 75, 150, 225, 300)]
    assert said_of(1, terminal=False).splitlines() == ["epoch 1 of 1"]


def test_one_that_is_begun_anew_is_told_again() -> None:
    written = StringIO()
    with member_bars(Console(file=written, force_terminal=False, width=80)) as progress:
        for epoch in (1, 2, 3, 1):
            progress.show(epoch, 3, [0.5])
        assert written.getvalue().splitlines() == [f"epoch {epoch} of 3" for epoch in (1, 2, 3, 1)]


def test_what_is_said_of_networks_is_said_once() -> None:
    written = StringIO()
    with member_bars(Console(file=written, force_terminal=False, width=80)) as progress:
        for line in ("line: network 3 answers one constant", "line: network 3 answers one constant"):
            progress.tell([line])
        assert written.getvalue().splitlines() == ["line: network 3 answers one constant"]


def test_on_a_terminal_there_are_bars_alone() -> None:
    assert "epoch" not in said_of(4, terminal=True)


def test_that_a_training_waits_is_said_at_first_and_whenever_half_of_it_is_done() -> None:
    written = StringIO()
    with member_bars(Console(file=written, force_terminal=False, width=80)) as progress:
        for events in (4_900, 4_899, 2_450, 1_300, 1):
            progress.wait(events)
        told = [line.split()[7] for line in written.getvalue().splitlines()]
    assert told == ["4,900", "2,450", "1"]
