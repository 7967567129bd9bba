"""A shop of single pieces in which some pairs always order thousands: versions of a release before have other features of these."""

from functools import cache
from typing import Final

import msgspec

from ordercast.contracts.demand_manifest import DemandManifest, Schema
from ordercast.services.predictor.shop_snapshot import moment_of
from ordercast.services.shared.demand.activity import Activity
from ordercast.services.shared.demand.feature_drift import snapshot_of
from ordercast.services.shared.demand.features import features_at
from tests.support.demand_versions import demand_version
from tests.unit.services.shared.demand.histories import activity, frame

# By schema, whether a version is asked by features as they were before.
SCHEMAS: Final[dict[Schema, bool]] = {
    "ordercast.demand/5": True,
    "ordercast.demand/6": False,
    "ordercast.demand/7": False,
}


@cache
def shop() -> Activity:
    """20 pairs of a piece a day, and 9 that ordered thousands ten times each: under one line in a hundred."""
    single = [(product, product, day, 0, 1, 1, 0, 0, 0) for product in range(1, 21) for day in range(500)]
    large = [(product, product, day, 0, 5_000, 1, 0, 0, 0) for product in range(21, 30) for day in range(0, 500, 50)]
    return activity(frame([*single, *large]))


def version_of_today(schema: Schema) -> tuple[DemandManifest, dict[str, bytes]]:
    """A version of this schema whose training kept what the pairs of today are, by its own features."""
    manifest, files = demand_version(schema=schema)
    pair = manifest.questions["pair"]
    features = features_at(shop(), moment_of(None), before=SCHEMAS[schema])
    pair = msgspec.structs.replace(pair, snapshot=snapshot_of(features, pair.features))
    return msgspec.structs.replace(manifest, questions={**manifest.questions, "pair": pair}), files
