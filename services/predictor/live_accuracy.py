"""How the predictions that were given have come out: what was said against what was ordered, whose days are over."""

import math
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import text

from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.demand_manifest import DemandManifest
from ordercast.services.predictor.made_once import MadeOnce
from ordercast.services.predictor.model_slot import ModelSlot, ServedDemand
from ordercast.services.predictor.shop_snapshot import Shop, moment_of
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL
from ordercast.services.shared.demand.feature_drift import Drift, drift_of
from ordercast.services.shared.http.shared_answers import SharedAnswers
from ordercast.services.shared.telemetry.metrics import (
    FEATURE_DRIFT,
    LIVE_COVERAGE,
    LIVE_DEVIANCE,
    LIVE_PREDICTIONS,
    LIVE_SHORTER_COVERAGE,
)

# The newest so many are judged: one query of about a second.
MOST_JUDGED: Final = 50_000
# With fewer, chance decides.
ENOUGH: Final = 1_000
# Intervals of 90 % that hold less are too short. They are too long if, a piece shorter, they would still hold more than that: of a
# pair that nearly never orders already 0 to 0 holds more, and nothing shorter can be said.
LEAST_COVERAGE, MOST_COVERAGE = 0.85, 0.95
# Time (s) between two looks for the metrics, at most: days end once a day.
LOOK_EVERY_S: Final = 300.0
# Judging a version takes each predictor at most a hundredth of PostgreSQL's time, however many look at its figures; the served one,
# which is told to the metrics, a fiftieth: it is made anew when half of the time is over, so that nobody waits for it. What once
# waited long for a connection is not kept for longer than `LOOK_EVERY_S`.
KEPT_TIMES: Final = 100.0
# Whoever asks waits for what takes no longer (s): that is made anew at each look alone.
QUICK_S: Final = 0.05
RENEWED_TIMES: Final = KEPT_TIMES / 2
# What is called so on a scoreboard in the manifest.
NETWORKS, NAIVE = "networks", "rate so far"

# As the trainer judges held-out rows: 0 pieces said are judged as this many. Pieces count up to so many times the pair's rate so
# far; the trainer knows the pair's level, too, which is not kept with an answer (`judging/scores.py`).
_LEAST_PIECES: Final = 1e-4
_OWN_TIMES: Final = 2


def _deviance(said: str) -> str:
    """The mean Poisson deviance of a column."""
    clipped = f"least(sold, greatest(:clip, floor({_OWN_TIMES} * naive_quantity)))"
    ratio = f"{clipped} * ln({clipped} / greatest({said}, {_LEAST_PIECES}))"
    rest = f"{clipped} - greatest({said}, {_LEAST_PIECES})"
    return f"avg(2 * (CASE WHEN sold > 0 THEN {ratio} ELSE 0 END - ({rest})))"


_LONG: Final = f"level = {DEFAULT_LEVEL} AND high > low"
# An index each leads to the answers and to a pair's days; all that is known by now counts.
_JUDGE: Final = text(f"""
    WITH ended AS (
        SELECT * FROM prediction_answers WHERE model_version = :version AND ends_on < :today
        ORDER BY starts_on DESC, account_id, product_id LIMIT {MOST_JUDGED}
    ), judged AS (
        SELECT ended.*, CAST(greatest(0, coalesce((
            SELECT sum(a.quantity - a.cancelled_quantity) FROM pair_activity AS a
            WHERE a.account_id = ended.account_id AND a.product_id = ended.product_id
                AND a.day BETWEEN ended.starts_on AND ended.ends_on
        ), 0)) AS float8) AS sold FROM ended
    )
    SELECT count(*) AS ended,
        (SELECT count(*) FROM prediction_answers WHERE model_version = :version AND ends_on >= :today) AS open,
        min(starts_on) AS first_day, max(ends_on) AS last_day, sum(sold) AS sold,
        sum(expected_quantity) AS said, sum(naive_quantity) AS naive_said,
        avg(abs(expected_quantity - sold)) AS mae, avg(abs(naive_quantity - sold)) AS naive_mae,
        {_deviance("expected_quantity")} AS deviance, {_deviance("naive_quantity")} AS naive_deviance,
        CAST(avg(CAST(sold > 0 AS integer)) AS float8) AS order_share, avg(order_probability) AS order_probability,
        avg(power(order_probability - CAST(sold > 0 AS integer), 2)) AS brier,
        count(*) FILTER (WHERE level = {DEFAULT_LEVEL}) AS intervals,
        CAST(avg(CAST(sold BETWEEN low AND high AS integer)) FILTER (WHERE level = {DEFAULT_LEVEL}) AS float8) AS coverage,
        count(*) FILTER (WHERE {_LONG}) AS long_intervals,
        CAST(avg(CAST(sold >= low AND sold < high AS integer)) FILTER (WHERE {_LONG}) AS float8) AS shorter_coverage
    FROM judged
""")  # noqa: S608 - numbers and names of ours


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one way to answer: the mean Poisson deviance, the mean absolute error, and pieces said over pieces sold (null: nothing was
    sold). For the deviance pieces over the training's clip count as it, or as twice the pair's own rate so far if that is more."""

    deviance: float
    mae: float
    said_over_sold: float | None


@dataclass(frozen=True, slots=True)
class Orders:
    """Of the probability that a pair orders: its mean, the share that did, and the mean of the squared error."""

    order_probability: float
    order_share: float
    brier: float


@dataclass(frozen=True, slots=True)
class LiveAccuracy:
    """What became of a version's predictions, one for each pair and day: of those whose days are over (`ended`, the newest 50,000);
    `open` are the others.

    `model` and `naive` (the pair's own rate so far) are judged by the same orders, and stand beside the same of the rows held out
    in the training, which are all pairs and not those that were asked for. `coverage` is the share of `intervals` of 90 % that
    held; `shorter_coverage` that of the `long_intervals` among them, of more than one number, that would have held with their
    highest number left out: over 95 % they are longer than need be. `because` is the judgement as data: of each sentence a code
    and its values. Without any ended, all figures are null. They are of the moment `as_of`: in a large shop they take a second.
    """

    version: str
    ended: int
    open: int
    first_day: date | None
    last_day: date | None
    sold: float | None
    model: Errors | None
    naive: Errors | None
    held_out_model: Errors | None
    held_out_naive: Errors | None
    orders: Orders | None
    held_out_brier: float | None
    intervals: int
    coverage: float | None
    long_intervals: int
    shorter_coverage: float | None
    judgement: str
    because: list[dict[str, Any]]
    as_of: datetime


LiveAnswers = SharedAnswers[LiveAccuracy]


async def live_accuracy(
    sessions: Sessions, version: str, manifest: DemandManifest | None, today: date | None = None
) -> LiveAccuracy:
    """Without a manifest (its folder is gone or damaged) nothing is clipped and there is nothing to compare with."""
    pair = manifest.questions["pair"] if manifest else None
    as_of = datetime.now(UTC)
    today = today or as_of.date()
    parameters = {"version": version, "today": today, "clip": pair.clip if pair else 1e18}
    async with sessions() as session:
        row = (await session.execute(_JUDGE, parameters)).one()
    scores = {score.name: Errors(score.deviance, score.mae, score.said) for score in pair.scores} if pair else {}
    model = naive = orders = None
    if row.ended:
        model = Errors(row.deviance, row.mae, row.said / row.sold if row.sold else None)
        naive = Errors(row.naive_deviance, row.naive_mae, row.naive_said / row.sold if row.sold else None)
        orders = Orders(row.order_probability, row.order_share, row.brier)
    holding = _holding(row.intervals, row.coverage, row.long_intervals, row.shorter_coverage)
    found = _judgement(row.ended, model, naive, holding)
    return LiveAccuracy(
        version=version,
        ended=row.ended,
        open=row.open,
        first_day=row.first_day,
        last_day=row.last_day,
        sold=row.sold,
        model=model,
        naive=naive,
        held_out_model=scores.get(NETWORKS),
        held_out_naive=scores.get(NAIVE),
        orders=orders,
        held_out_brier=pair.order_scores.brier if pair and pair.order_scores else None,
        intervals=row.intervals,
        coverage=row.coverage,
        judgement="; ".join(found),
        because=[msgspec.to_builtins(one.because) for one in found],
        long_intervals=row.long_intervals,
        shorter_coverage=row.shorter_coverage,
        as_of=as_of,
    )


def _judgement(ended: int, model: Errors | None, naive: Errors | None, of_intervals: Sentence | None) -> list[Sentence]:
    if model is None or naive is None or ended < ENOUGH:
        return [sentence("too-few-have-ended", ended=ended, needed=ENOUGH)]
    than = "better-than-own-rate" if model.deviance < naive.deviance else "no-better-than-own-rate"
    said = sentence(than, deviance=model.deviance, naive=naive.deviance)
    return [said] if of_intervals is None else [said, of_intervals]


def _holding(
    intervals: int, coverage: float | None, long_intervals: int, shorter_coverage: float | None
) -> Sentence | None:
    """Whether intervals are as long as they should be; nothing where these are too few to tell."""
    if coverage is None or intervals < ENOUGH:
        return None
    if coverage < LEAST_COVERAGE:
        return sentence("intervals-do-not-hold", level=DEFAULT_LEVEL, share=coverage)
    if shorter_coverage is not None and long_intervals >= ENOUGH and shorter_coverage > MOST_COVERAGE:
        return sentence("intervals-too-long", level=DEFAULT_LEVEL, share=shorter_coverage)
    return sentence("intervals-hold", level=DEFAULT_LEVEL, share=coverage)


class WatchLive:
    """Tells the metrics how the served version of `demand` does, and has that at hand for whoever asks."""

    def __init__(
        self,
        sessions: Sessions,
        slot: ModelSlot[ServedDemand],
        answers: LiveAnswers,
        shop: Shop | None = None,
        drifts: MadeOnce[Drift] | None = None,
    ) -> None:
        self._sessions = sessions
        self._slot = slot
        self._answers = answers
        self._shop = shop
        self._drifts = drifts or MadeOnce[Drift]()

    async def __call__(self) -> float:
        """Looks once; how long to wait (s) until the next time."""
        served = self._slot.current
        if served is None:
            return min(LOOK_EVERY_S, 5.0)
        began = time.monotonic()
        live = await self._answers.renew(
            served.version, partial(live_accuracy, self._sessions, served.version, served.manifest)
        )
        took_s = time.monotonic() - began
        counts = {
            "open": live.open,
            "ended": live.ended,
            "intervals": live.intervals,
            "long_intervals": live.long_intervals,
        }
        for state, count in counts.items():
            LIVE_PREDICTIONS.labels(state).set(count)
        for answer, errors in (("model", live.model), ("naive", live.naive)):
            LIVE_DEVIANCE.labels(answer).set(errors.deviance if errors else math.nan)
        for gauge, share in ((LIVE_COVERAGE, live.coverage), (LIVE_SHORTER_COVERAGE, live.shorter_coverage)):
            gauge.set(math.nan if share is None else share)
        if self._shop is not None and self._shop.snapshot is not None:
            features = await self._shop.snapshot.features(moment_of(None), before=served.model.before)
            drift = await self._drifts.of(features, served.version, partial(drift_of, served.manifest, features))
            for one in drift.features:
                FEATURE_DRIFT.labels(one.feature).set(one.psi)
        return LOOK_EVERY_S if took_s < QUICK_S else min(LOOK_EVERY_S, RENEWED_TIMES * took_s)
