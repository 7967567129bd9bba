"""Keeps the slot of a recipe at what the record says: the pinned version, or the one that was published or activated last.

The table is the record and the topic only a signal to look into it, so a model is served while Kafka is down, and a version
that an operator chose stays chosen after a restart.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic

import structlog

from ordercast.first_line import first_line
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.model_slot import RECIPES, Model, ModelSlot, Pin
from ordercast.services.predictor.recorded_models import activate, latest_models, unpin
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import MODEL_CREATED, MODEL_LOADS, MODEL_SERVED, MODEL_SWAPS

log = structlog.stdlib.get_logger()

# A look into the record without any signal (s): how late a predictor may be while Kafka is away.
LOOK_EVERY_S: Final = 30.0
# Versions tried, newest first, until one can be served. More than these damaged in a row are a lost disk.
MAX_TRIED: Final = 10

for _recipe in RECIPES:
    MODEL_CREATED.labels(_recipe)
for _outcome in ("loaded", "refused"):  # from 0: a counter that comes into being at its first count shows no increase
    MODEL_LOADS.labels(_outcome)


class ModelFollower(Generic[Model]):
    """Loads and swaps, one change at a time, so that the slot ends at what was decided last."""

    def __init__(
        self,
        sessions: Sessions,
        load: Callable[[str, str], Model],
        slot: ModelSlot[Model],
        check: Callable[[ModelVersion], None],
    ) -> None:
        """`check` is asked of a version's record first. `load` makes it ready by its id and its manifest's SHA-256, in a thread.

        Both raise ModelRefused.
        """
        self._check = check
        self._sessions = sessions
        self._load_version = load
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

        await repeat(look, asyncio.Event(), name=f"follow-{self._slot.recipe}")

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
            latest = await latest_models(self._sessions, self._slot.recipe, MAX_TRIED)
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

    async def activate(self, record: ModelVersion, by: Caller | None = None) -> tuple[Model, datetime]:
        """Pins a version of the recipe: it is served from now on, here and, by the record, everywhere. Returns it and the moment.

        It is read and verified again even if it was served before: a damaged one must not be what restarts find.

        Raises:
            ModelRefused: it is damaged; nothing has changed.
        """
        async with self._one_at_a_time:
            model = await self._load(record)
            activated_at = await activate(self._sessions, record.version, by)
            self._serve(model)
            self._slot.pin = Pin(record.version, activated_at)
            self._newest_refused = None
        return model, activated_at

    async def unpin(self, by: Caller | None = None) -> tuple[str | None, datetime]:
        """Serves the version published last that can be served. Returns the version that was pinned, and the moment."""
        async with self._one_at_a_time:
            pin = (await latest_models(self._sessions, self._slot.recipe, 1)).pin
            unpinned_at = await unpin(self._sessions, self._slot.recipe, by)
        await self.catch_up()
        return pin.version if pin else None, unpinned_at

    def _at_hand(self, record: ModelVersion) -> Model | None:
        for model in (self._slot.current, self._slot.previous):
            if model and (model.version, model.manifest_sha256) == (record.version, record.manifest_sha256):
                return model
        return None

    async def _load(self, record: ModelVersion) -> Model:
        try:
            self._check(record)
            model = await asyncio.to_thread(self._load_or_refuse, record)
        except ModelRefused as error:
            # The same folder is looked at again and again, in case somebody repairs it: said and counted once.
            if self._slot.refuse(record.version, str(error)):
                MODEL_LOADS.labels("refused").inc()
                log.warning("a model version was refused", version=record.version, reason=str(error))
            raise
        MODEL_LOADS.labels("loaded").inc()
        return model

    def _load_or_refuse(self, record: ModelVersion) -> Model:
        try:
            return self._load_version(record.version, record.manifest_sha256)
        except ModelRefused:
            raise
        except (
            Exception
        ) as error:  # damage that nobody has thought of must not end the follower, and with it the process
            raise ModelRefused(f"it cannot be loaded: {type(error).__name__}: {first_line(error)}") from error

    def _serve(self, model: Model) -> None:
        before = self._slot.current
        if model is before:
            return
        self._slot.swap(model)
        MODEL_SWAPS.inc()
        recipe = self._slot.recipe
        MODEL_SERVED.labels(recipe).info({"version": model.version})
        MODEL_CREATED.labels(recipe).set(model.created_at.timestamp())
        log.info("serving a model", recipe=recipe, version=model.version, before=before.version if before else None)
