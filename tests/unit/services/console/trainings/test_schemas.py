"""The command and the request that start the same training as the form."""

import shlex

import msgspec

from ordercast.services.console.trainings.schemas import TrainingForm


def test_the_request_asks_for_all_that_was_typed_as_the_command_does() -> None:
    form = TrainingForm(csrf="x", recipe="my own's", horizon_days=28, publish="never")
    assert msgspec.json.decode(form.body) == {"recipe": "my own's", "horizon_days": 28, "publish": "never"}
    words = ["--recipe", "my own's", "--horizon-days", "28", "--publish", "never"]
    assert shlex.split(form.options) == words


def test_what_is_left_empty_is_not_sent() -> None:
    assert msgspec.json.decode(TrainingForm(csrf="x").body) == {"recipe": "demand"}
