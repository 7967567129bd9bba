"""How far a version has drifted is told by its own features, also of a version of a release before."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ordercast.contracts.demand_manifest import Schema
from ordercast.services.predictor import live_routes
from ordercast.services.predictor.made_once import MadeOnce
from ordercast.services.predictor.shop_snapshot import Snapshot
from ordercast.services.shared.demand.feature_drift import Drift
from tests.support.large_lines import SCHEMAS, shop, version_of_today


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_nothing_has_drifted_only_because_features_are_made_otherwise_since(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, _ = version_of_today(schema)

    async def read(*_: object) -> object:
        return manifest

    taken = SimpleNamespace(take=lambda: (Snapshot(shop(), (), None), datetime.now(UTC)))
    service = SimpleNamespace(shop=taken, drifts=MadeOnce[Drift]())
    monkeypatch.setattr(live_routes, "predictor", lambda _: service)
    monkeypatch.setattr(live_routes, "_manifest", read)
    nobody: Any = None
    drift = await live_routes.show_drift(nobody, nobody, manifest.version)
    assert drift.pairs == 29
    assert max(one.psi for one in drift.features) == 0
