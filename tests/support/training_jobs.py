"""Small training jobs and the rows for them."""

from pathlib import Path
from typing import Literal

import numpy as np

from ordercast.contracts.model_manifest import TopicPosition
from ordercast.services.trainer.recipes import choose_recipe
from ordercast.services.trainer.training.messages import TrainingJob
from ordercast.services.trainer.training.training_set import TrainingSet, TrainingSetBuilder


def training_set(rows: int, mode: Literal["uniform", "signal"] = "uniform", seed: int = 1) -> TrainingSet:
    """Rows as the sample has them: views 1000..10000; quantity 1..10, with `signal` along a bell over the views."""
    random = np.random.default_rng(seed)
    views = random.integers(1_000, 10_001, rows)
    centre = 1.5 + 7 * np.exp(-(((views - 5_500) / 1_800) ** 2)) if mode == "signal" else np.full(rows, 5.0)
    quantities = np.clip(np.round(random.normal(centre, 0.7 if mode == "signal" else 2)), 1, 10)
    builder = TrainingSetBuilder()
    builder.add([(1, i, float(view), float(q)) for i, (view, q) in enumerate(zip(views, quantities, strict=True))])
    return builder.finish((TopicPosition("orders", 0, rows), TopicPosition("views", 0, rows)))


def job(artifacts: Path, *, members: int = 2, epochs: int = 2, seed: int = 1) -> TrainingJob:
    """A job with the baseline's network."""
    return TrainingJob(
        training_id="01940000-0000-7000-8000-000000000001",
        recipe=choose_recipe("baseline", members=members, epochs=epochs),
        seed=seed,
        artifacts_dir=str(artifacts),
        threads=2,
    )
