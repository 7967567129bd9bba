"""What goes in at /trainings; what comes out is in `jobs.answers`."""

from typing import Annotated

from pydantic import Field

from ordercast.contracts.demand_manifest import Publish
from ordercast.services.shared.http.requests import BodyModel, CalendarDate
from ordercast.services.trainer.recipes import MAX_BATCH_SIZE, MAX_EPOCHS, MAX_MEMBERS, MAX_SEED


class TrainingRequest(BodyModel):
    """A recipe, and what is to stand in place of its own values.

    `publish`: if the model is better than what needs no learning and not worse than what serves (default of `demand`), always
    (default of `baseline`), or never. Only `demand` has a horizon (7, 14, 28 or 56 days; 28 if not said) and an `until`: what
    happened on this day (UTC) or later is not used.
    """

    recipe: Annotated[str, Field(max_length=100, examples=["baseline", "demand"])] = "baseline"
    members: Annotated[int | None, Field(ge=1, le=MAX_MEMBERS)] = None
    epochs: Annotated[int | None, Field(ge=1, le=MAX_EPOCHS)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=MAX_BATCH_SIZE)] = None
    seed: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="the same seed and rows give the same model")] = (
        None
    )
    publish: Publish | None = None
    horizon_days: Annotated[int | None, Field(ge=1, le=366, examples=[28])] = None
    until: Annotated[CalendarDate | None, Field(examples=["2011-11-07"])] = None
