"""Whatever goes wrong with a version, the follower refuses it and serves another one."""

from typing import Any

import pytest

from ordercast.services.predictor import follow_models
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.follow_models import ModelFollower
from ordercast.services.predictor.model_slot import ModelSlot
from ordercast.services.predictor.recorded_models import Latest
from ordercast.services.shared.db.models import ModelVersion
from tests.support.demand_versions import demand_version


class Loaded:
    """As much of a version as a slot looks at."""

    def __init__(self, version: str, manifest_sha256: str) -> None:
        self.version, self.manifest_sha256 = version, manifest_sha256
        self.created_at = demand_version()[0].created_at


@pytest.mark.parametrize("error", [TypeError("len() of unsized object"), MemoryError(), KeyError("BF16")])
async def test_a_version_whose_loading_fails_in_any_way_is_refused_and_the_one_before_served(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(version: str, manifest_sha256: str) -> Any:
        if version == "newest":
            raise error
        return Loaded(version, manifest_sha256)

    async def latest(*_: object) -> Latest:
        return Latest([ModelVersion(version=version, manifest_sha256="0") for version in ("newest", "before")], None)

    monkeypatch.setattr(follow_models, "latest_models", latest)
    slot = ModelSlot[Any]("demand")
    sessions: Any = None  # the record is in this test's hands
    follower = ModelFollower[Any](sessions, load, slot, lambda _: None)
    await follower.catch_up()
    assert slot.take().version == "before"
    with pytest.raises(ModelRefused, match=f"newest: it cannot be loaded: {type(error).__name__}"):
        await follower.check_newest()
    refusal = slot.refusal("newest")
    assert refusal is not None
    assert type(error).__name__ in refusal.reason
