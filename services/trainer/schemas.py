"""What goes in at /trainings; what comes out is in `jobs.answers`."""

from typing import Annotated

from pydantic import Field

from ordercast.services.shared.http.requests import RequestModel
from ordercast.services.trainer.recipes import MAX_BATCH_SIZE, MAX_EPOCHS, MAX_MEMBERS, MAX_SEED


class TrainingRequest(RequestModel):
    """A recipe, and what is to stand in place of its own values."""

    recipe: Annotated[str, Field(max_length=100, examples=["baseline"])] = "baseline"
    members: Annotated[int | None, Field(ge=1, le=MAX_MEMBERS)] = None
    epochs: Annotated[int | None, Field(ge=1, le=MAX_EPOCHS)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=MAX_BATCH_SIZE)] = None
    seed: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="the same seed and rows give the same model")] = (
        None
    )
