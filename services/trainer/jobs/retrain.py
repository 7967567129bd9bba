"""Trains `demand` again by rule: looks now and then, and asks for a training where `retrain_rules` says so.

Each trainer looks; what is decided is decided under the queue's lock, so that of several one asks.
"""

import asyncio
import hashlib
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.demand_manifest import DEMAND, DemandManifest, decode_demand_manifest
from ordercast.contracts.model_manifest import MANIFEST_FILE, ManifestError
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import PairActivity
from ordercast.services.shared.db.models import ModelVersion, pin_holds, serving_order
from ordercast.services.shared.db.read_activity import read_activity
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.feature_drift import FeatureDrift, drift_of
from ordercast.services.shared.demand.features import features_at
from ordercast.services.shared.demand.load_demand_model import asked_as_before
from ordercast.services.shared.telemetry.metrics import RETRAINING_LOOKS
from ordercast.services.trainer.errors import BadRecipe, QueueFull, TrainingTooLarge
from ordercast.services.trainer.jobs import trainings
from ordercast.services.trainer.jobs.ask_for_training import queue_training
from ordercast.services.trainer.jobs.bound_trainings import TrainingBounds
from ordercast.services.trainer.jobs.retrain_rules import (
    OUTCOMES,
    Decision,
    Outcome,
    RetrainRules,
    Served,
    Situation,
    decide,
)
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.recipes import AskedTraining, asked_training

log = structlog.stdlib.get_logger()

# Between two looks (s): rules are about hours and days.
LOOK_EVERY_S: Final = 60.0
# Between two looks at drift (s), for which the whole activity is read: a million rows are 200 MB for some seconds.
DRIFT_EVERY_S: Final = 3_600.0

for _outcome in OUTCOMES:  # from 0: a counter that comes into being at its first count shows no increase
    RETRAINING_LOOKS.labels(_outcome)


class Retrain:
    """The trainer's second loop."""

    def __init__(self, sessions: Sessions, artifacts: Path, rules: RetrainRules, bounds: TrainingBounds) -> None:
        self._sessions = sessions
        self._artifacts = artifacts
        self._rules = rules
        self._bounds = bounds
        self._drifted: tuple[str, FeatureDrift | None, float] | None = None  # of a version, and when it was looked at
        self._told: Outcome | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks until `stopping` is set; without rules it only waits for that."""
        if not self._rules.are_any:
            await stopping.wait()
            return

        async def work() -> float:
            self._tell(await self.look())
            return LOOK_EVERY_S

        await repeat(work, stopping, name="retrain")

    def _tell(self, decision: Decision) -> None:
        """Each look counts; what is so for hours is one line of the log."""
        RETRAINING_LOOKS.labels(decision.outcome).inc()
        if decision.outcome != self._told or decision.outcome == "started":
            log.info("training by rule", outcome=decision.outcome, reason=decision.reason)
        self._told = decision.outcome

    async def look(self) -> Decision:
        """Asks for a training if it is due and nobody else has asked; what was decided, and why."""
        async with self._sessions() as session:
            now, (record, _) = await self._situation(session), await _serving(session)
        manifest = await asyncio.to_thread(_read_manifest, self._artifacts, record) if record else None
        served = Served(manifest.version, manifest.created_at, manifest.data.rows) if manifest else None
        decision = decide(self._rules, now, served)
        if decision.outcome == "not-due" and manifest and served and self._rules.drift is not None:
            served = replace(served, drifted=await self._drift(manifest))
            decision = decide(self._rules, now, served)
        if decision.outcome != "started" or manifest is None:
            return decision
        try:
            return await self._ask(asked_again(manifest), served)
        except (BadRecipe, TrainingTooLarge, QueueFull) as error:
            return Decision("refused", str(error))

    async def _ask(self, asked: AskedTraining, served: Served | None) -> Decision:
        """Decides anew where nobody else can ask meanwhile, and asks.

        Raises:
            BadRecipe, QueueFull, TrainingTooLarge: as for anybody who asks.
        """
        async with self._sessions() as session, session.begin():
            await trainings.lock_queue(session)
            decision = decide(self._rules, await self._situation(session), served)
            if decision.outcome == "started":
                await queue_training(session, asked, None, rule=decision, bounds=self._bounds)
        return decision

    async def _situation(self, session: AsyncSession) -> Situation:
        open_ = select(func.count()).select_from(Training).where(Training.status.in_(("queued", "running")))
        of_demand = or_(Training.recipe == DEMAND, Training.settings.is_not(None))
        asked_at = select(func.max(Training.created_at)).where(of_demand)
        record, pinned = await _serving(session)
        rows = select(func.count()).select_from(PairActivity)
        return Situation(
            at=await session.scalar(select(func.clock_timestamp())) or datetime.now(UTC),
            open=await session.scalar(open_) or 0,
            asked_at=await session.scalar(asked_at),
            version=record.version if record else None,
            pinned=pinned,
            rows=(await session.scalar(rows) or 0) if self._rules.rows is not None else 0,
        )

    async def _drift(self, manifest: DemandManifest) -> FeatureDrift | None:
        """The feature that has moved most; None without a known pair. As it was, for `DRIFT_EVERY_S`."""
        known = self._drifted
        if known is None or known[0] != manifest.version or time.monotonic() - known[2] >= DRIFT_EVERY_S:
            rows = await read_activity(self._sessions)
            tomorrow = (datetime.now(UTC).date() - date(1970, 1, 1)).days + 1
            before = asked_as_before(manifest)
            drift = await asyncio.to_thread(
                lambda: drift_of(manifest, features_at(activity_of(rows.columns), tomorrow, before=before))
            )
            self._drifted = known = (manifest.version, drift.features[0] if drift.features else None, time.monotonic())
        return known[1]


async def _serving(session: AsyncSession) -> tuple[ModelVersion | None, bool]:
    """The version of demand that is to be served, and whether it is pinned."""
    query = select(ModelVersion, pin_holds(DEMAND)).where(ModelVersion.recipe == DEMAND)
    found = (await session.execute(query.order_by(*serving_order(DEMAND)).limit(1))).first()
    return (found[0], found[1]) if found else (None, False)


def _read_manifest(artifacts: Path, record: ModelVersion) -> DemandManifest | None:
    """None where it is gone, or is not the one that was published."""
    try:
        content = (artifacts / record.version / MANIFEST_FILE).read_bytes()
        if hashlib.sha256(content).hexdigest() != record.manifest_sha256:
            return None
        return decode_demand_manifest(content)
    except (OSError, ManifestError):
        return None


def asked_again(manifest: DemandManifest) -> AskedTraining:
    """By the recipe and values that the version was trained by, on all that is known, to be published if it is better.

    Raises:
        BadRecipe: a written recipe is none any more in this release.
    """
    settings = manifest.settings
    if settings is None:
        return asked_training(DEMAND, publish="if-better", horizon_days=manifest.horizon_days)
    return asked_training(
        DEMAND if settings.name == DEMAND else msgspec.to_builtins(settings),
        members=settings.members,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        publish="if-better",
        horizon_days=settings.horizon_days,
    )
