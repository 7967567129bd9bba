"""`ordercast tail`: what a line shows."""

from ordercast.cli.tail import line
from ordercast.reading.tail import TailedEvent


def test_a_tailed_event_cannot_steer_the_terminal() -> None:
    event = TailedEvent("views", 1, 20, None, "\x1b[31mred", "", "now\r", "caf\u00e9\x1b[2J\n")
    assert line(event).plain == r"now\r  views/1@20  \x1b[31mred  café\x1b[2J\n"
