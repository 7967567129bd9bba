"""What is served now of a recipe, what was served before, and which versions were refused.

A request takes `current` once and keeps it: a swap in the middle of the request changes nothing for it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, TypeVar, get_args

from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.demand_manifest import DemandManifest, Question
from ordercast.contracts.ensemble_forward import Ensemble
from ordercast.contracts.model_manifest import ModelManifest, Quality
from ordercast.services.predictor.errors import NoModel
from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.features import Features

# Each has a version of its own that is served.
RecipeName = Literal["baseline", "demand"]
_EPOCH: Final = date(1970, 1, 1)
RECIPES: Final[tuple[RecipeName, ...]] = get_args(RecipeName)


class Served(Protocol):
    """What is the same of a served version of every recipe."""

    @property
    def version(self) -> str: ...

    @property
    def manifest_sha256(self) -> str: ...

    @property
    def created_at(self) -> datetime: ...

    @property
    def loaded_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A verified and warmed version of `baseline`, ready to answer. It never changes."""

    manifest: ModelManifest
    manifest_sha256: str
    ensemble: Ensemble
    loaded_at: datetime

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def created_at(self) -> datetime:
        return self.manifest.created_at

    @property
    def quality(self) -> Quality | None:
        return self.manifest.judgement.quality if self.manifest.judgement else None

    @property
    def collapsed_members(self) -> int | None:
        return self.manifest.judgement.collapsed_members if self.manifest.judgement else None


@dataclass(frozen=True, slots=True)
class ServedDemand:
    """The same of `demand`."""

    manifest: DemandManifest
    manifest_sha256: str
    model: DemandModel
    loaded_at: datetime

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def created_at(self) -> datetime:
        return self.manifest.created_at

    def outside(
        self, question: Question, values: Floats, product_ids: Ints, features: Features
    ) -> list[tuple[Sentence, ...]]:
        """By row, why what was learned says nothing about it, or that the shop's orders have ended; of a moment before what was
        learned ends, that it knows more."""
        found = self.model.questions[question].outside(values, product_ids, features.silent_days)
        if pause := features.unusual_pause:
            rests = sentence("shop-rests", days=pause)
            found = [reasons if rests in reasons else (rests, *reasons) for reasons in found]
        until = self.manifest.data.until
        if features.moment >= (until - _EPOCH).days:
            return found
        hindsight = sentence("knows-what-came-after", until=until.isoformat())
        return [(hindsight, *reasons) for reasons in found]


Model = TypeVar("Model", bound=Served)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a version that should be served is not."""

    version: str
    reason: str
    refused_at: datetime


class Pin(NamedTuple):
    """The version that is served until it is unpinned, and the newest one that was published meanwhile and waits."""

    version: str
    pinned_at: datetime
    challenger: str | None = None

    def holds_back(self, published_at: datetime) -> bool:
        """Whether a version that was published then would be served but for the pin."""
        return published_at > self.pinned_at


class ModelSlot(Generic[Model]):
    """Holds two models at most; the pair is replaced in one assignment, so no reader sees half a swap."""

    def __init__(self, recipe: str) -> None:
        self.recipe = recipe
        self._models: tuple[Model | None, Model | None] = (None, None)
        self._refusals: dict[str, Refusal] = {}
        self.pin: Pin | None = None  # as it stood in the record at the last look

    @property
    def current(self) -> Model | None:
        return self._models[0]

    @property
    def previous(self) -> Model | None:
        return self._models[1]

    def take(self) -> Model:
        """The model that answers a request from its start to its end.

        Raises:
            NoModel: none was loaded yet.
        """
        model = self._models[0]
        if model is None:
            raise NoModel(sentence("no-model-of", recipe=self.recipe))
        return model

    async def check(self) -> None:
        """For /readyz; raises NoModel."""
        self.take()

    def swap(self, model: Model) -> None:
        """Serves `model` from now on. The caller has verified and warmed it."""
        current, previous = self._models
        same_again = current is not None and current.version == model.version
        self._models = (model, previous if same_again else current)
        self._refusals.pop(model.version, None)

    def refusal(self, version: str) -> Refusal | None:
        return self._refusals.get(version)

    def refuse(self, version: str, reason: str) -> bool:
        """Notes why `version` is not served; True if that is news."""
        known = self._refusals.get(version)
        if known is not None and known.reason == reason:
            return False
        self._refusals[version] = Refusal(version, reason, datetime.now(UTC))
        return True


async def serves_any(*slots: ModelSlot[Any]) -> None:
    """For /readyz: whichever recipe has a version, its questions are answered.

    Raises:
        NoModel: no recipe has one.
    """
    if all(slot.current is None for slot in slots):
        names = " or ".join(slot.recipe for slot in slots)
        raise NoModel(sentence("no-model-at-all", recipes=names))
