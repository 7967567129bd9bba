"""Versions by recipe, and their errors over time."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec

from ordercast.client import Client
from ordercast.client.model_answers import Model
from ordercast.client.page import Page
from ordercast.services.console.models.read_models import Models, read_models
from tests.support.console_answers import VERSIONS, model


async def read(*answers: dict[str, Any]) -> Models:
    async def models_page(_: int, __: str | None) -> Page[Model]:
        return Page(msgspec.convert(answers, list[Model]), has_more=False)

    found = await read_models(cast("Client", SimpleNamespace(predictor=SimpleNamespace(models_page=models_page))))
    assert isinstance(found, Models)
    return found


async def test_errors_go_from_the_oldest_version_to_the_newest() -> None:
    demand, baseline = (await read(*VERSIONS)).recipes
    assert {trend.question: list(trend.values) for trend in demand.trends} == {
        question: [0.79, 0.75, 0.71] for question in ("pair", "line", "product")
    }
    assert [list(trend.values) for trend in baseline.trends] == [[0.9, 0.8]]


async def test_what_serves_pinned_or_cannot_be_loaded_is_not_offered() -> None:
    demand, baseline = (await read(*VERSIONS)).recipes
    assert [row.may_be_served for row in (*demand.rows, *baseline.rows)] == [False, True, False, True, True]
    assert demand.pinned is not None
    assert baseline.pinned is None


async def test_a_version_whose_files_are_gone_has_no_figures() -> None:
    gone = model("x", "demand", "available") | dict.fromkeys(("metrics", "judgement", "trained_at", "rows"))
    [row] = (await read(gone)).recipes[0].rows
    assert row.figures == []
    assert (await read()).recipes[0].rows == []
