"""Opens and closes all that the predictor uses, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import Request

from ordercast.services.predictor.answer_together import AnswerTogether
from ordercast.services.predictor.demand_answers import Basis, PairDemand, explain_pairs
from ordercast.services.predictor.errors import TooManyPastDates
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.follow_models import ModelFollower
from ordercast.services.predictor.live_accuracy import KEPT_TIMES, LOOK_EVERY_S, LiveAnswers, WatchLive
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.made_once import MadeOnce
from ordercast.services.predictor.model_slot import ModelSlot, ServedDemand, ServedModel, serves_any
from ordercast.services.predictor.models_topic import ModelsTopic
from ordercast.services.predictor.one_batch import OneBatch
from ordercast.services.predictor.predict import Prediction, predict_many
from ordercast.services.predictor.sample_predictions import SamplePredictions
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.predictor.shop_snapshot import Shop, moment_of
from ordercast.services.predictor.signed_versions import SignatureCheck
from ordercast.services.predictor.weekly_calibration import WeeklyCalibration
from ordercast.services.shared.db.engine import Sessions, ask_database, open_database
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.shared.demand.feature_drift import Drift
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.http.api_keys import ApiKeys
from ordercast.services.shared.http.follow_ended_tokens import follow_ended_tokens
from ordercast.services.shared.http.follow_token_keys import follow_token_keys
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.token_buckets import TokenBuckets
from ordercast.services.shared.http.token_keys import load_verifying_keys
from ordercast.services.shared.http.tokens import TokenVerifier
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.process.background import running_beside

log = structlog.stdlib.get_logger()

# Rows are read by their keys: what takes longer (ms) would only pile up requests.
STATEMENT_TIMEOUT_MS: Final = 5_000
# Questions that are computed in one turn of the event loop: some 5 ms of each kind.
VIEW_COUNTS_TOGETHER: Final = 256
PAIRS_TOGETHER: Final = 16
# Turns of the event loop that pairs wait for others whose query is answered already.
QUIET_TURNS: Final = 3


@dataclass(frozen=True, slots=True)
class DemandAt:
    """What answers by `demand` for one moment: `moment` is the day before which everything is known, `seen_at` up to when all
    orders are in it."""

    served: ServedDemand
    features: Features
    moment: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Predictor:
    """What the routes use; at `app.state.service`."""

    sessions: Sessions
    artifacts: Path
    slot: ModelSlot[ServedModel]  # of `baseline`
    demand: ModelSlot[ServedDemand]
    followers: Mapping[str, ModelFollower[Any]]  # by recipe
    topic: ModelsTopic
    shop: Shop
    calibration: WeeklyCalibration
    most_expected: MadeOnce[Ints]  # by version and weeks
    drifts: MadeOnce[Drift]  # by version
    live: LiveAnswers
    sample: SamplePredictions
    past_dates: TokenBuckets[int]  # by account
    predict: AnswerTogether[ServedModel, int, Prediction]
    explain: AnswerTogether[Basis, Pair, PairDemand]
    one_batch: OneBatch
    verifier: TokenVerifier
    api_keys: ApiKeys
    checks: Mapping[str, Check]

    def count_past_date(self, account_id: int) -> None:
        """One more question of a customer for what would have been answered on a date.

        Raises:
            TooManyPastDates: it was asked as often as is allowed.
        """
        if wait_s := self.past_dates.take(account_id):
            raise TooManyPastDates(self.past_dates.per_minute, wait_s)

    async def demand_at(self, served: ServedDemand, as_of: date | None) -> DemandAt:
        """The version as it is calibrated, and what was known, at the end of a date (null: now).

        Raises:
            ActivityNotRead: what happened was not read yet.
            InvalidQuestion: the date lies in the future, or before the first event.
        """
        moment = moment_of(as_of)
        snapshot, seen_at = self.shop.take()
        features = await snapshot.features(moment, before=served.model.before)
        return DemandAt(await self.calibration.of(served, snapshot, as_of), features, moment, seen_at)


@asynccontextmanager
async def open_predictor(settings: PredictorSettings) -> AsyncIterator[Predictor]:
    """Everything, following the record already. Neither PostgreSQL nor Kafka has to be there yet, nor a model.

    Raises:
        CannotStart: a key is missing or damaged.
    """
    verifier = TokenVerifier(load_verifying_keys(settings.token_public_key_file))
    key_file = settings.model_public_key_file
    if key_file is None:
        log.warning("versions are served whoever made them: ORDERCAST_MODEL_PUBLIC_KEY_FILE is not set")
    check = SignatureCheck([each.key for each in load_verifying_keys(key_file)] if key_file else [])
    slot: ModelSlot[ServedModel] = ModelSlot("baseline")
    demand: ModelSlot[ServedDemand] = ModelSlot("demand")
    topic = ModelsTopic(settings.kafka_bootstrap)
    async with open_database(
        settings.database_url, application="predictor", statement_timeout_ms=STATEMENT_TIMEOUT_MS
    ) as sessions:
        baseline_follower = ModelFollower(sessions, partial(load_model, settings.artifacts_dir), slot, check)
        demand_follower = ModelFollower(sessions, partial(load_demand, settings.artifacts_dir), demand, check)

        shop = Shop(sessions, served=lambda: demand.current)
        calibration = WeeklyCalibration(lambda: demand.current, lambda: shop.snapshot)
        sample = SamplePredictions(
            partial(open_publisher, settings.kafka_bootstrap, client_id="predictor"),
            partitions=settings.partitions,
            share=settings.prediction_sample,
        )
        drifts = MadeOnce[Drift]()
        live = LiveAnswers(kept_s=0.0, kept_times=KEPT_TIMES, most_s=LOOK_EVERY_S)
        watch_live = partial(
            repeat, WatchLive(sessions, demand, live, shop, drifts), asyncio.Event(), name="watch-live"
        )

        def look_again() -> None:
            baseline_follower.look_again()
            demand_follower.look_again()

        async with (
            running_beside(
                partial(follow_token_keys, settings.token_public_key_file, verifier), name="follow-token-keys"
            ),
            running_beside(partial(follow_ended_tokens, sessions, verifier), name="follow-ended-tokens"),
            running_beside(_cancelled_at_stop(baseline_follower.follow), name="follow-baseline"),
            running_beside(_cancelled_at_stop(demand_follower.follow), name="follow-demand"),
            running_beside(_cancelled_at_stop(shop.follow), name="follow-activity"),
            running_beside(_cancelled_at_stop(calibration.follow), name="calibrate-weekly"),
            running_beside(_cancelled_at_stop(watch_live), name="watch-live"),
            running_beside(_cancelled_at_stop(sample.follow), name="sample-predictions"),
            running_beside(_cancelled_at_stop(partial(topic.listen, look_again)), name="listen-for-models"),
        ):
            yield Predictor(
                sessions=sessions,
                artifacts=settings.artifacts_dir,
                slot=slot,
                demand=demand,
                followers={slot.recipe: baseline_follower, demand.recipe: demand_follower},
                topic=topic,
                shop=shop,
                calibration=calibration,
                most_expected=MadeOnce(),
                drifts=drifts,
                live=live,
                sample=sample,
                past_dates=TokenBuckets(settings.part_of_limit(settings.past_dates_per_minute)),
                predict=AnswerTogether(predict_many, same=id, at_most=VIEW_COUNTS_TOGETHER),
                explain=AnswerTogether(
                    explain_pairs, same=Basis.identity, at_most=PAIRS_TOGETHER, quiet_turns=QUIET_TURNS
                ),
                one_batch=OneBatch(),
                verifier=verifier,
                api_keys=ApiKeys(sessions),
                checks={
                    "model": Check(partial(serves_any, slot, demand)),
                    # Without these, it still answers what it can.
                    "model of baseline": Check(slot.check, required=False),
                    "model of demand": Check(demand.check, required=False),
                    "newest model": Check(baseline_follower.check_newest, required=False),
                    "newest demand model": Check(demand_follower.check_newest, required=False),
                    "database": Check(partial(ask_database, sessions), required=False),
                    "kafka": Check(topic.check, required=False),
                },
            )


def _cancelled_at_stop(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Endless `work` that has nothing to finish: it is cancelled when the process stops. What it raises is raised."""

    async def run(stopping: asyncio.Event) -> None:
        working, stopped = asyncio.create_task(work()), asyncio.create_task(stopping.wait())
        done, _ = await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
        if working in done:
            working.result()

    return run


def slot_of(service: Predictor, recipe: str) -> ModelSlot[Any]:
    """The slot of a recipe; an empty one for a recipe of another release, of which nothing is served here."""
    slots: tuple[ModelSlot[Any], ...] = (service.slot, service.demand)
    return next((slot for slot in slots if slot.recipe == recipe), ModelSlot(recipe))


def predictor(request: Request) -> Predictor:
    """The wiring, for a route. A plain call: as a dependency it would cost a tenth of a whole prediction's request."""
    service: Predictor = request.app.state.service
    return service
