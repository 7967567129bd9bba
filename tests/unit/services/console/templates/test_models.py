"""The page of models."""

from types import SimpleNamespace

import msgspec

from ordercast.client.model_answers import CurrentModel
from ordercast.services.console.models.served import Served
from ordercast.services.console.parts import Missing
from tests.support.console_answers import NOW
from tests.support.console_pages import drawn


def test_what_each_process_said_is_shown_where_the_versions_did_not_come() -> None:
    answer = {"version": "20261120T0400-d", "recipe": "demand", "members": 10, "rows": 3, "metrics": {}}
    current = msgspec.convert(answer | {"trained_at": NOW, "loaded_at": NOW}, CurrentModel)
    served = [
        Served("predictor", "demand", Missing("predictor", "nobody answers")),
        Served("predictor-2", "demand", current),
    ]
    missing = Missing("predictor", "no list of versions")
    page = drawn("models.html", found=missing, served=served, as_of=NOW, live=None, most=50)
    for told in ("no list of versions", "What answers where", "predictor-2", "20261120T0400-d", "nobody answers"):
        assert told in page


def test_nothing_is_unpinned_where_nothing_is_pinned() -> None:
    current = SimpleNamespace(version="20261101-demand", pinned=False, challenger=None)
    page = drawn("model_unpin.html", current=current, recipe="demand", failed=None)
    assert "no version is pinned" in page
    assert "Unpin it" not in page
