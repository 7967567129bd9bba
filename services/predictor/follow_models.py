"""Keeps the slot at what the record says: the pinned version, or the one that was published or activated last.

The table is the record and the topic only a signal to look into it, so a model is served while Kafka is down, and a version
that an operator chose stays chosen after a restart.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.model_slot import ModelSlot, Pin, ServedModel
from ordercast.services.predictor.recorded_models import activate, find_model, latest_models, unpin
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import MODEL_CREATED, MODEL_LOADS, MODEL_SERVED, MODEL_SWAPS

log = structlog.stdlib.get_logger()

# A look into the record without any signal (s): how late a predictor may be while Kafka is away.
LOOK_EVERY_S: Final = 30.0
# Versions tried, newest first, until one can be served. More than these damaged in a row are a lost disk.
MAX_TRIED: Final = 10
# The recipe whose versions answer.
BASELINE: Final = "baseline"

for _outcome in ("loaded", "refused"):  # from 0: a counter that comes into being at its first count shows no increase
    MODEL_LOADS.labels(_outcome)


class ModelFollower:
    """Loads and swaps, one change at a time, so that the slot ends at what was decided last."""

    def __init__(self, sessions: Sessions, artifacts: Path, slot: ModelSlot) -> None:
        self._sessions = sessions
        self._artifacts = artifacts
        self._slot = slot
        self._newest_refused: str | None = None
        self._changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def look_again(self) -> None:
        """Something may have changed; `follow` looks at once. Many calls make one look."""
        self._changed.set()

    async def follow(self) -> None:
        """Looks into the record at once, at every signal and every half minute, until it is cancelled.

        A database that is away is waited for.
        """

        async def look() -> float:
            self._changed.clear()
            await self.catch_up()
            await pause(self._changed, LOOK_EVERY_S)
            return 0.0

        await repeat(look, asyncio.Event(), name="follow-models")

    async def check_newest(self) -> None:
        """For /readyz.

        Raises:
            ModelRefused: an older version than the one decided on is served, or none, with the reason.
        """
        if self._newest_refused is not None:
            raise ModelRefused(self._newest_refused)

    async def catch_up(self) -> None:
        """Serves the latest version of the record that can be served; what is damaged is refused and passed over."""
        async with self._one_at_a_time:
            reasons: list[str] = []
            latest = await latest_models(self._sessions, BASELINE, MAX_TRIED)
            self._slot.pin = latest.pin
            for record in latest.versions:
                try:
                    model = self._at_hand(record) or await self._load(record)
                except ModelRefused as error:
                    reasons.append(f"{record.version}: {first_line(error)}")
                else:
                    self._serve(model)
                    break
            self._newest_refused = reasons[0] if reasons else None

    async def activate(self, version: str) -> tuple[ServedModel, datetime]:
        """Pins `version`: it is served from now on, here and, by the record, everywhere. Returns it and the moment.

        It is read and verified again even if it was served before: a damaged one must not be what restarts find.

        Raises:
            UnknownModel: no such version was published.
            ModelRefused: it is damaged; nothing has changed.
        """
        async with self._one_at_a_time:
            record = await find_model(self._sessions, version)
            model = await self._load(record)
            activated_at = await activate(self._sessions, version)
            self._serve(model)
            self._slot.pin = Pin(version, activated_at)
            self._newest_refused = None
        return model, activated_at

    async def unpin(self) -> tuple[str | None, datetime]:
        """Serves the latest version again, by whatever decision. Returns the version that was pinned, and the moment."""
        async with self._one_at_a_time:
            pin = (await latest_models(self._sessions, BASELINE, 1)).pin
            unpinned_at = await unpin(self._sessions, BASELINE)
        await self.catch_up()
        return pin.version if pin else None, unpinned_at

    def _at_hand(self, record: ModelVersion) -> ServedModel | None:
        for model in (self._slot.current, self._slot.previous):
            if model and (model.version, model.manifest_sha256) == (record.version, record.manifest_sha256):
                return model
        return None

    async def _load(self, record: ModelVersion) -> ServedModel:
        try:
            model = await asyncio.to_thread(load_model, self._artifacts, record.version, record.manifest_sha256)
        except ModelRefused as error:
            # The same folder is looked at again and again, in case somebody repairs it: said and counted once.
            if self._slot.refuse(record.version, str(error)):
                MODEL_LOADS.labels("refused").inc()
                log.warning("a model version was refused", version=record.version, reason=str(error))
            raise
        MODEL_LOADS.labels("loaded").inc()
        return model

    def _serve(self, model: ServedModel) -> None:
        before = self._slot.current
        if model is before:
            return
        self._slot.swap(model)
        MODEL_SWAPS.inc()
        MODEL_SERVED.info({"version": model.version, "recipe": model.manifest.recipe.name})
        MODEL_CREATED.set(model.manifest.created_at.timestamp())
        log.info("serving a model", version=model.version, before=before.version if before else None)
