"""No training is started only because features are made otherwise than when the served version was trained."""

from pathlib import Path
from typing import Any

import pytest

from ordercast.contracts.demand_manifest import Schema
from ordercast.services.shared.db.read_activity import ActivityRows
from ordercast.services.trainer.jobs import retrain
from ordercast.services.trainer.jobs.retrain import Retrain
from ordercast.services.trainer.jobs.retrain_rules import RetrainRules
from tests.support.large_lines import SCHEMAS, shop, version_of_today


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_version_of_a_release_before_has_drifted_only_if_its_own_features_have(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_: object) -> ActivityRows:
        return ActivityRows({}, ())

    monkeypatch.setattr(retrain, "read_activity", read)
    monkeypatch.setattr(retrain, "activity_of", lambda _: shop())
    nobody: Any = None
    drifted = await Retrain(nobody, Path(), RetrainRules(drift=0.25), nobody)._drift(version_of_today(schema)[0])
    assert drifted is not None
    assert drifted.psi == 0
