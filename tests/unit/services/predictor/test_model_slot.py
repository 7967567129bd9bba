"""One model answers, one is kept behind it, and the reasons against the others are known."""

from pathlib import Path

import pytest

from ordercast.services.predictor.errors import NoModel
from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.model_slot import ModelSlot, ServedModel
from tests.support.model_artifacts import write_model


@pytest.fixture
def models(tmp_path: Path) -> list[ServedModel]:
    written = [write_model(tmp_path, quantity=quantity) for quantity in (1.0, 2.0, 3.0)]
    return [load_model(tmp_path, model.version, model.manifest_sha256) for model in written]


def test_an_empty_slot_has_nothing_to_take() -> None:
    slot = ModelSlot[ServedModel]("baseline")
    with pytest.raises(NoModel, match="ordercast trainings list") as none:
        slot.take()
    assert "ordercast models list" in str(none.value)
    assert (slot.current, slot.previous) == (None, None)


def test_keeps_the_current_model_and_the_one_before(models: list[ServedModel]) -> None:
    slot = ModelSlot[ServedModel]("baseline")
    for model in models:
        slot.swap(model)
    assert (slot.take(), slot.previous) == (models[2], models[1])


def test_serving_the_same_version_again_keeps_the_one_before(models: list[ServedModel]) -> None:
    slot = ModelSlot[ServedModel]("baseline")
    for model in (models[0], models[1], models[1]):
        slot.swap(model)
    assert (slot.take(), slot.previous) == (models[1], models[0])


def test_a_refusal_is_news_once_for_each_reason_and_forgotten_when_the_version_is_served(
    models: list[ServedModel],
) -> None:
    slot, version = ModelSlot[ServedModel]("baseline"), models[0].version
    assert slot.refuse(version, "weights are damaged")
    assert not slot.refuse(version, "weights are damaged")
    assert slot.refuse(version, "scaler is damaged")
    refusal = slot.refusal(version)
    assert refusal is not None
    assert refusal.reason == "scaler is damaged"
    slot.swap(models[0])
    assert slot.refusal(version) is None
