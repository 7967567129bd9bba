"""What a training of `demand` learns from. Nothing here imports TensorFlow, or the service's database."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ordercast.contracts.model_manifest import TopicPosition


@dataclass(frozen=True, slots=True)
class DemandRows:
    """Activity by day as `services.shared.db.read_activity` reads it, and up to where the worker had read each topic."""

    columns: dict[str, NDArray[np.int64]]
    positions: tuple[TopicPosition, ...]
