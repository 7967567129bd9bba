"""What each predictor answers from."""

from typing import Any, cast

import msgspec

from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.model_answers import CurrentModel
from ordercast.client.predictor import PredictorApi
from ordercast.services.console.models.served import read_served
from ordercast.services.console.parts import Missing
from tests.support.console_answers import NOW


class Predictor:
    def __init__(self, **versions: str | Exception) -> None:
        self._versions = versions

    async def current_model(self, recipe: str) -> CurrentModel:
        found = self._versions.get(recipe, ProblemAnswer(503, "no-model", "No model is served yet"))
        if isinstance(found, Exception):
            raise found
        answer: dict[str, Any] = {"version": found, "recipe": recipe, "members": 10, "rows": 3, "metrics": {}}
        return msgspec.convert(answer | {"trained_at": NOW, "loaded_at": NOW}, CurrentModel)


async def test_each_process_says_itself_what_it_serves_and_one_that_is_away_hides_no_other() -> None:
    away = ServiceUnreachable("nobody answers")
    predictors = {"predictor": Predictor(demand="d2"), "predictor-2": Predictor(demand="d1", baseline=away)}
    found = await read_served(cast("dict[str, PredictorApi]", predictors))
    told = {
        (one.process, one.recipe): one.current.kind or one.current.reason
        if isinstance(one.current, Missing)
        else one.current.version
        for one in found
    }
    assert told == {
        ("predictor", "demand"): "d2",
        ("predictor", "baseline"): "no-model",
        ("predictor-2", "demand"): "d1",
        ("predictor-2", "baseline"): "nobody answers",
    }
