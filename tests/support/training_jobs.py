"""Small training jobs and the rows for them."""

from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from ordercast.contracts.model_manifest import Layer, TopicPosition
from ordercast.services.trainer.recipes import BASELINE
from ordercast.services.trainer.training.messages import TrainingJob
from ordercast.services.trainer.training.training_set import TrainingSet, TrainingSetBuilder

ROWS_OF_AN_ACCOUNT: Final = 5


def training_set(rows: int, mode: Literal["uniform", "signal"] = "uniform", seed: int = 1) -> TrainingSet:
    """Rows as the sample has them: views 1000..10000; quantity 1..10, with `signal` along a bell over the views."""
    random = np.random.default_rng(seed)
    views = random.integers(1_000, 10_001, rows)
    centre = 1.5 + 7 * np.exp(-(((views - 5_500) / 1_800) ** 2)) if mode == "signal" else np.full(rows, 5.0)
    quantities = np.clip(np.round(random.normal(centre, 0.7 if mode == "signal" else 2)), 1, 10)
    builder = TrainingSetBuilder()
    numbered = enumerate(zip(views, quantities, strict=True))
    builder.add([(1 + i // ROWS_OF_AN_ACCOUNT, i, float(view), float(q)) for i, (view, q) in numbered])
    return builder.finish((TopicPosition("orders", 0, rows), TopicPosition("views", 0, rows)))


# Compiled in a second, where it is not the network that is tested.
SMALL_LAYERS = (Layer(8, "relu", 0.1), Layer(4, "tanh"), Layer(1, "linear"))


def job(
    artifacts: Path, *, members: int = 2, epochs: int = 2, seed: int = 1, layers: tuple[Layer, ...] = BASELINE.layers
) -> TrainingJob:
    """A job for the baseline, with other layers if some are given."""
    return TrainingJob(
        training_id="01940000-0000-7000-8000-000000000001",
        recipe=msgspec.structs.replace(BASELINE, members=members, epochs=epochs, layers=layers),
        seed=seed,
        artifacts_dir=str(artifacts),
        threads=2,
    )
