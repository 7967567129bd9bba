"""The features that the served version is asked by are made before anybody waits for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ordercast.contracts.demand_manifest import Schema
from ordercast.services.predictor import shop_snapshot
from ordercast.services.predictor.counted_until import Numbers
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.shop_snapshot import Shop, Snapshot, moment_of
from ordercast.services.shared.demand.load_demand_model import demand_model
from tests.support.demand_versions import demand_version
from tests.support.large_lines import SCHEMAS, shop


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_features_of_now_are_made_as_the_served_version_is_asked(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of(answer: Any) -> Any:
        return answer

    @asynccontextmanager
    async def sessions() -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(shop_snapshot, "read_numbers", lambda _: of(Numbers({}, {})))
    monkeypatch.setattr(shop_snapshot, "read_activity_positions", lambda _: of(()))
    monkeypatch.setattr(shop_snapshot, "read_counted_last", lambda _: of(None))
    monkeypatch.setattr(shop_snapshot, "read_activity", lambda _: of(SimpleNamespace()))
    monkeypatch.setattr(shop_snapshot, "_snapshot", lambda _: Snapshot(shop(), (), None))
    manifest, files = demand_version(schema=schema)
    served = ServedDemand(manifest, "", demand_model(manifest, files), datetime.now(UTC))
    followed: Any = Shop(sessions, served=lambda: served)  # type: ignore[arg-type]
    await followed._look()
    made = followed.snapshot._features.copy()
    assert [before for _, before in made] == [SCHEMAS[schema]]
    assert await followed.snapshot.features(moment_of(None), before=SCHEMAS[schema]) in made.values()
