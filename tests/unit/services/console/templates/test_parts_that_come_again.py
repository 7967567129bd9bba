"""Parts that a timer has brought anew: whatever had the focus is found there by its id, and by nothing else."""

from dataclasses import replace
from datetime import time, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ordercast.client.training_answers import Training
from ordercast.services.console.dead_letters.waiting import Waiting
from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.imports.kept_files import KeptFile
from ordercast.services.console.imports.told import Told
from ordercast.services.console.overview.look_at_services import ServiceState
from ordercast.services.console.overview.read_overview import DayOfOrders, Orders, Overview, SameTime
from ordercast.services.console.parts import Missing
from ordercast.services.console.texts import TEMPLATES
from ordercast.services.console.trainings.read_trainings import Row, Trainings
from tests.support.console_answers import NOW, VERSIONS, training
from tests.support.console_pages import drawn

LATER = NOW + timedelta(seconds=15)
AWAY = Missing("order_api", "nobody answers")
GAPS = ServiceState("feature_worker", failing={}, numbers=Numbers.of("ordercast_worker_gap_streams 2.0\n"))
NO_ORDERS = DayOfOrders(NOW.date(), 0, 0)
NOTHING = Orders([NO_ORDERS] * 15, [], SameTime(time(9, 30), NO_ORDERS, NO_ORDERS))
OVERVIEW = Overview(NOW, NOTHING, AWAY, None, [GAPS], Waiting(2))
FILE = KeptFile("f", 7, Path("f"), "orders.csv", 10, Told("orders"), state="sending", rows=9)
PUBLISHED = {"verdict": "published", "model_version": VERSIONS[0]["version"]}


def trainings(*of: dict[str, Any]) -> Trainings:
    return Trainings(NOW, [Row(msgspec.convert(one, Training), NOW) for one in of])


# Each as it is, and as it comes again.
MOMENTS: dict[str, list[dict[str, Any]]] = {
    "trainings_table.html": [
        {"found": trainings(training(2, "running"), training(1, "succeeded", **PUBLISHED)), "refreshed_s": 2},
        {
            "found": trainings(
                training(3, "queued"),
                training(2, "running", progress={"epoch": 13, "epochs": 90}),
                training(1, "succeeded", **PUBLISHED),
            ),
            "refreshed_s": 2,
        },
    ],
    "import_state.html": [{"file": FILE}, {"file": replace(FILE, done=5), "csrf": "another form's own"}],
    "overview_numbers.html": [
        {"overview": OVERVIEW, "refreshed_s": 15},
        {"overview": replace(OVERVIEW, as_of=LATER), "refreshed_s": 15},
    ],
}


class Controls(HTMLParser):
    """What may have the focus: the id of each and what it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str | None, tuple[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if told.get("type") == "hidden":
            return
        if tag in ("a", "button", "input", "select", "textarea", "summary") or "tabindex" in told:
            self.found.append((told.get("id"), (tag, told.get("href"))))


class LiveControls(Controls):
    """Of a template's source: those within what `data-live` has replaced."""

    def __init__(self, text: str) -> None:
        self._within: list[bool] = []
        self.frames: list[str] = []
        super().__init__(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if "data-live" in told and "role" in told:
            self.frames.append(tag)
        if any(self._within) or "data-live" in told:
            super().handle_starttag(tag, attrs)
        if tag not in ("br", "input"):
            self._within.append("data-live" in told)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        self._within.pop()


LIVE = sorted(path for path in TEMPLATES.glob("*.html") if " data-live" in path.read_text("utf-8"))


@pytest.mark.parametrize("template", LIVE, ids=lambda path: path.name)
def test_what_a_stream_replaces_keeps_the_focus_and_is_read_aloud(template: Path) -> None:
    """A frame with a role that is replaced itself is not read: what stands in it has to be."""
    live = LiveControls(template.read_text("utf-8"))
    assert [what for id_, what in live.found if not id_] == []
    assert live.frames == []


def test_all_of_them_are_looked_at() -> None:
    assert {path.name for path in TEMPLATES.glob("*.html") if 'hx-trigger="every' in path.read_text("utf-8")} == {
        *MOMENTS
    }


@pytest.mark.parametrize("template", MOMENTS)
def test_each_control_has_an_id_of_its_own_and_keeps_it(template: str) -> None:
    before, after = (Controls(drawn(template, **values)).found for values in MOMENTS[template])
    assert before
    assert [one for one in (*before, *after) if not one[0]] == []
    assert len(dict(after)) == len(after)
    assert set(before) <= set(after)
