"""How old a version is, and how far the features of the pairs that are known now lie from those that it learned from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ordercast.contracts.demand_manifest import DemandManifest, FeatureBins
from ordercast.services.shared.demand.drift import bins_of, stability_index
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.features import Features

# Pairs that are looked at: some 0.1 s. Of more, every second, third and so on.
MOST_PAIRS: Final = 20_000
MOVE_BY_TIME: Final = ("calendar", "log days")


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """`psi` is the population stability index: under 0.1 nothing has changed, over 0.25 a lot has."""

    feature: str
    psi: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Of a version's features of pairs, those first that have moved most.

    Left out are the calendar and the days since something, which move with time alone.

    `features` is empty without a known pair, and of versions from before their training kept what it learned from.
    """

    version: str
    trained_at: datetime
    age_days: float
    pairs: int
    features: list[FeatureDrift]

    def at(self, now: datetime) -> "Drift":
        """The same, as old as the version is by then."""
        return replace(self, age_days=(now - self.trained_at).total_seconds() / 86_400)


def snapshot_of(features: Features, names_of_features: Sequence[str]) -> tuple[FeatureBins, ...]:
    """How these features of the known pairs are distributed at the moment: what a version keeps to be compared with."""
    columns = [names(PAIR_FEATURES).index(name) for name in names_of_features]
    return bins_of(features.of_known_pairs(MOST_PAIRS)[:, columns])


def drift_of(manifest: DemandManifest, features: Features) -> Drift:
    """It computes for a tenth of a second: call it in a thread."""
    record = manifest.questions["pair"]
    values = features.of_known_pairs(MOST_PAIRS)
    places = {feature.name: place for place, feature in enumerate(PAIR_FEATURES) if feature.kind not in MOVE_BY_TIME}
    moved = [
        FeatureDrift(name, stability_index(bins, values[:, places[name]]))
        for name, bins in zip(record.features, record.snapshot, strict=False)
        if name in places and len(values)
    ]
    return Drift(
        version=manifest.version,
        trained_at=manifest.created_at,
        age_days=0.0,
        pairs=len(values),
        features=sorted(moved, key=lambda one: (-one.psi, one.feature)),
    ).at(datetime.now(UTC))
