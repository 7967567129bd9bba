"""Intervals of pairs that nearly never order hold more than they say, and nothing shorter could be said: no alarm."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest

from ordercast.contracts.demand_manifest import Schema
from ordercast.services.predictor.live_accuracy import _OWN_TIMES, Errors, WatchLive, _deviance, _holding, _judgement
from ordercast.services.predictor.made_once import MadeOnce
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.shop_snapshot import Snapshot, moment_of
from ordercast.services.shared.demand.feature_drift import Drift
from ordercast.services.shared.demand.load_demand_model import demand_model
from ordercast.services.trainer.judging.scores import OWN_TIMES, piece_scores
from tests.support.large_lines import SCHEMAS, shop, version_of_today

RANDOM = np.random.default_rng(1)


def holding(rate: float, longer: int = 0) -> str | None:
    """What is said of 20,000 pairs that order so many pieces each, by intervals from 0 on that hold 90 % as tightly as can be."""
    sold = RANDOM.poisson(rate, 20_000)
    high = np.full(len(sold), np.quantile(sold, 0.9, method="inverted_cdf") + longer)
    long = high > 0
    shorter = float((sold < high)[long].mean()) if long.any() else None
    return _holding(len(sold), float((sold <= high).mean()), int(long.sum()), shorter)


@pytest.mark.parametrize("rate", [0.001, 0.03, 0.06, 0.2, 0.5, 1.2, 5, 40])
def test_intervals_as_short_as_can_be_hold_however_much_they_hold(rate: float) -> None:
    assert "intervals of 90 % hold: " in str(holding(rate))


@pytest.mark.parametrize("rate", [0.001, 0.06, 5, 40])
def test_intervals_that_are_too_long_or_too_short_are_told(rate: float) -> None:
    assert "longer than need be" in str(holding(rate, longer=2 + int(rate)))
    if rate > 1:
        assert "do not hold" in str(holding(rate, longer=-1 - int(rate) // 3))


def test_of_few_intervals_nothing_is_told() -> None:
    assert _holding(999, 0.5, 999, 0.5) is None
    assert "intervals of 90 % hold" in str(_holding(5_000, 0.97, 999, 0.99))
    assert _holding(5_000, None, 0, None) is None
    good, naive, holds = Errors(1.0, 1.0, None), Errors(2.0, 1.0, None), _holding(5_000, 0.9, 0, None)
    said = "better than the pair's own rate so far: deviance 1 against 2"
    assert _judgement(2_000, good, naive, None) == [said]
    assert _judgement(2_000, good, naive, holds) == [said, holds]
    assert "too few to judge" in str(_judgement(999, good, naive, holds))


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_the_metrics_tell_no_drift_only_because_features_are_made_otherwise_since(schema: Schema) -> None:
    manifest, files = version_of_today(schema)
    served = ServedDemand(manifest, "", demand_model(manifest, files), datetime.now(UTC))
    snapshot, drifts = Snapshot(shop(), (), None), MadeOnce[Drift]()

    async def nothing_ended(*_: object) -> object:
        counts = dict.fromkeys(("open", "ended", "intervals", "long_intervals"), 0)
        return SimpleNamespace(**counts, model=None, naive=None, coverage=None, shorter_coverage=None)

    watch: Any = WatchLive
    await watch(
        None,
        SimpleNamespace(current=served),
        SimpleNamespace(renew=nothing_ended),
        SimpleNamespace(snapshot=snapshot),
        drifts,
    )()
    asked = await snapshot.features(moment_of(None), before=SCHEMAS[schema])
    told = await drifts.of(asked, manifest.version, lambda: pytest.fail("it was told of other features"))
    assert max(one.psi for one in told.features) == 0


@pytest.mark.parametrize("said", ["expected_quantity", "naive_quantity"])
def test_who_always_orders_more_than_the_clip_of_all_is_judged_by_what_was_ordered(said: str) -> None:
    """A pair of which 1,000 pieces were said and sold had a deviance of 1,600."""
    sold, answered = np.array([1_000, 1_000, 0, 3]), np.array([1_000.0, 40.0, 0.0, 2.0])
    naive = np.array([1_000.0, 30.0, 0.0, 2.5])
    rows = ", ".join(str(row) for row in zip(sold.tolist(), answered.tolist(), naive.tolist(), strict=True))
    query = f"SELECT {_deviance(said)} FROM (VALUES {rows}) AS judged (sold, expected_quantity, naive_quantity)"  # noqa: S608
    found = duckdb.execute(query.replace(":clip", "50.0")).fetchall()[0][0]
    told = {"expected_quantity": answered, "naive_quantity": naive}[said]
    clips = np.array([2_000, 60, 50, 50])
    assert found == pytest.approx(piece_scores(told, sold, clips).deviance)


def test_pieces_count_up_to_as_many_times_the_pairs_own_as_in_a_training() -> None:
    assert _OWN_TIMES == OWN_TIMES
