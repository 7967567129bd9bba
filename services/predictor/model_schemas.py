"""What answers about model versions look like."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from fastapi import Path
from pydantic import BaseModel

from ordercast.contracts.demand_manifest import DemandManifest
from ordercast.contracts.model_manifest import Quality
from ordercast.services.predictor.describe_models import AnyManifest
from ordercast.services.predictor.model_slot import ModelSlot, ServedDemand, ServedModel
from ordercast.services.shared.db.models import ModelVersion

# Characters of a version in a request: ours have 25.
MAX_VERSION: Final = 64
Version = Annotated[str, Path(max_length=MAX_VERSION)]


class ModelAnswer(BaseModel):
    """A published version as this process sees it. `refused` is the reason why it could not be loaded when last tried.

    A `challenger` was published under the pin of another version, and would be served but for it.

    Members, time, rows, metrics and judgement are its manifest's, and null if its files are gone or damaged. `quality` and
    `collapsed_members` are those of the judgement, which a version from before it does not have. A version of `demand` has no
    quality and no judgement of that form: its `metrics` say what was found, by question, with the errors of its answers and of
    its opponents'; `members` are those of one question, `collapsed_members` those of all.
    """

    version: str
    recipe: str
    state: Literal["current", "previous", "refused", "challenger", "available"]
    pinned: bool
    refused: str | None
    published_at: datetime
    activated_at: datetime | None
    members: int | None
    trained_at: datetime | None
    rows: int | None
    metrics: dict[str, Any] | None
    quality: Quality | None
    collapsed_members: int | None
    judgement: dict[str, Any] | None

    @classmethod
    def of(cls, record: ModelVersion, manifest: AnyManifest | None, slot: ModelSlot[Any]) -> Self:
        refusal = slot.refusal(record.version)
        answer = cls(
            version=record.version,
            recipe=record.recipe,
            state="available" if refusal is None else "refused",
            pinned=slot.pin is not None and slot.pin.version == record.version,
            refused=refusal.reason if refusal else None,
            published_at=record.published_at,
            activated_at=record.activated_at,
            trained_at=manifest.created_at if manifest else None,
            rows=manifest.data.rows if manifest else None,
            **_figures(manifest),
        )
        if slot.current and slot.current.version == record.version:
            answer.state = "current"
        elif slot.previous and slot.previous.version == record.version:
            answer.state = "previous"
        elif refusal is None and slot.pin and slot.pin.holds_back(record.published_at):
            answer.state = "challenger"
        return answer


class WholeModelAnswer(ModelAnswer):
    """A version with its manifest: data and digest, recipe, scoreboard, libraries, files, and in `diagnostics` the loss curves
    of the networks, and tables of where they err; null if its files are gone or damaged.

    The ids in rows of great influence are told to operators and admins alone.
    """

    manifest: dict[str, Any] | None

    @classmethod
    def whole(cls, answer: ModelAnswer, manifest: AnyManifest | None) -> Self:
        return cls(**answer.model_dump(), manifest=msgspec.to_builtins(manifest) if manifest else None)


class CurrentModelAnswer(BaseModel):
    """The version that answers now, with what its manifest says of its training.

    With `pinned` it stays until it is unpinned; `challenger` is the newest version that waits for that.
    """

    version: str
    recipe: str
    members: int
    trained_at: datetime
    loaded_at: datetime
    rows: int
    metrics: dict[str, Any]
    quality: Quality | None
    collapsed_members: int | None
    judgement: dict[str, Any] | None
    previous: str | None
    pinned: bool
    challenger: str | None

    @classmethod
    def of(cls, model: ServedModel | ServedDemand, slot: ModelSlot[Any]) -> Self:
        manifest, previous, pin = model.manifest, slot.previous, slot.pin
        return cls(
            version=model.version,
            recipe=slot.recipe,
            trained_at=manifest.created_at,
            loaded_at=model.loaded_at,
            rows=manifest.data.rows,
            **_figures(manifest),
            previous=previous.version if previous else None,
            pinned=pin is not None and pin.version == model.version,
            challenger=pin.challenger if pin else None,
        )


class ActivatedAnswer(BaseModel):
    """`announced` is false while Kafka is away: other predictors then follow within half a minute instead of at once."""

    version: str
    activated_at: datetime
    announced: bool


class UnpinnedAnswer(BaseModel):
    """`unpinned` was pinned until now (null: none was), `version` answers now (null: the recipe has none that can be served);
    `announced` as for an activation."""

    unpinned: str | None
    version: str | None
    announced: bool


def _figures(manifest: AnyManifest | None) -> dict[str, Any]:
    if isinstance(manifest, DemandManifest):
        return _figures_by_question(manifest)
    judgement = manifest.judgement if manifest else None
    return {
        "members": manifest.recipe.members if manifest else None,
        "metrics": msgspec.to_builtins(manifest.metrics) if manifest else None,
        "quality": judgement.quality if judgement else None,
        "collapsed_members": judgement.collapsed_members if judgement else None,
        "judgement": msgspec.to_builtins(judgement),
    }


def _figures_by_question(manifest: DemandManifest) -> dict[str, Any]:
    records = manifest.questions
    shown = (
        *("judgement", "rows", "held_out", "clip", "scores", "order_scores", "better_than", "collapsed_members"),
        "boosting",
    )
    return {
        "members": records["pair"].members,
        "metrics": {
            "judgement": manifest.judgement,
            "warnings": list(manifest.warnings),
            "horizon_days": manifest.horizon_days,
            "weeks": manifest.weeks,
            "until": manifest.data.until.isoformat(),
            "questions": {
                question: {name: msgspec.to_builtins(getattr(record, name)) for name in shown}
                for question, record in records.items()
            },
        },
        "quality": None,
        "collapsed_members": sum(record.collapsed_members for record in records.values()),
        "judgement": None,
    }
