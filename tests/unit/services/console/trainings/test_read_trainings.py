"""How long a training has taken."""

from datetime import timedelta
from typing import Any

import msgspec

from ordercast.client.training_answers import Training
from ordercast.services.console.trainings.read_trainings import Row
from ordercast.services.console.trainings.schemas import TrainingForm
from tests.support.console_answers import NOW, training


def row(status: str, **more: Any) -> Row:
    found = msgspec.convert(training(1, status, **more), Training)
    return Row(found, NOW + timedelta(seconds=24))


def test_it_is_told_while_it_runs_and_when_it_has_ended() -> None:
    assert row("running").took == timedelta(seconds=24)
    assert row("queued", started_at=None, finished_at=None).took is None
    assert row("succeeded").took == timedelta(seconds=95)


def test_an_empty_field_leaves_the_recipe_s_own_value_and_the_command_says_the_same() -> None:
    form = TrainingForm.model_validate({"recipe": "demand", "members": "", "horizon_days": "14", "publish": ""})
    assert form.changes() == {"horizon_days": 14}
    assert form.options == "--recipe demand --horizon-days 14"
