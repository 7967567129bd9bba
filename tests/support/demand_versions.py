"""A small version of `demand` out of random numbers: whole in its form, and worth nothing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ordercast.contracts import boosted_forward
from ordercast.contracts.demand_forward import InputScaling, demand_layers
from ordercast.contracts.demand_manifest import (
    CALIBRATION_FILE,
    QUESTIONS,
    SEEN_FILE,
    Boosting,
    DemandData,
    DemandManifest,
    Head,
    Opponent,
    OrderScores,
    Question,
    QuestionRecord,
    trees_file,
    weights_file,
)
from ordercast.contracts.diagnostics import (
    Coverage,
    Curves,
    Dependence,
    Diagnostics,
    InfluentialRow,
    ReliabilityBin,
    ResidualBin,
)
from ordercast.contracts.ensemble_forward import Floats, bias_name, kernel_name
from ordercast.contracts.model_manifest import MANIFEST_FILE, encode_manifest, file_entry, new_version
from ordercast.services.shared.demand.conformal import calibrate
from ordercast.services.shared.demand.demand_model import CALIBRATIONS, FEATURES
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.load_demand_model import calibration_arrays, seen_arrays
from ordercast.services.shared.demand.seen import Seen


class Shape(NamedTuple):
    """Of the networks of a question."""

    hidden: tuple[int, ...]
    members: int


SMALL: Final = Shape((6,), 3)
# As the recipe trains them.
RECIPE_SHAPE: Final = Shape((64, 32), 10)
HEADS: Final[Mapping[Question, tuple[Head, ...]]] = {
    "pair": ("order", "mean", "median", "low", "high"),
    "line": ("mean", "median", "low", "high"),
    "product": ("mean", "median", "low", "high"),
}
LEVELS: Final[Mapping[Question, str]] = {"pair": "pair_level", "line": "pair_level", "product": "level"}
# Kinds of groups of each calibration, beside all rows together.
DEPTHS: Final = {"pair": 3, "line": 3, "week": 2, "stock": 2}


def record(question: Question, shape: Shape = SMALL) -> QuestionRecord:
    """What a manifest says of one question."""
    features = names(FEATURES[question])
    return QuestionRecord(
        features=features,
        average=tuple(0.5 for _ in features),
        level=LEVELS[question],
        heads=HEADS[question],
        hidden=shape.hidden,
        members=shape.members,
        epochs=2,
        batch_size=64,
        learning_rate=0.002,
        rows=1_000,
        held_out=500,
        clip=40.0,
        scores=(Opponent("networks", 5.0, 6.0, 2.0, 0.5, 1.01), Opponent("rate so far", 8.0, 9.0, 3.0, 0.7, 2.3)),
        order_scores=OrderScores(0.8, 0.3, 0.05) if question == "pair" else None,
        better_than={"rate so far": 0.375},
        collapsed_members=0,
        trained_again=0,
        judgement="deviance 5 on 500 rows: better than every opponent",
    )


def diagnostics(question: Question) -> Diagnostics:
    """Tables of each kind, as a training keeps them."""
    order = question == "pair"
    return Diagnostics(
        curves=Curves((1, 2), ((0.9, 0.5), (0.8, None), (0.7, 0.7))),
        collapsed=(2,) if question == "line" else (),
        reliability=(ReliabilityBin(0.0, 0.1, 400, 0.04, 0.05), ReliabilityBin(0.1, 1.0, 100, 0.3, 0.28))
        if order
        else (),
        residuals=(
            ResidualBin(0.0, 2.0, 400, 0.8, 0.9, -1.0, 0.0, 3.0),
            ResidualBin(2.0, None, 100, 6.0, 5.0, -5.0, -1.0, 9.0),
        ),
        coverage=(Coverage("all", 500, 0.902), Coverage("product with under 20 order lines", 40, 0.85)),
        influential=(InfluentialRow(144, 12.5, 0.3, date(2025, 12, 4), 7, 70),),
        dependence=(Dependence(LEVELS[question], (0.0, 1.0, 3.0), (0.5, 1.5, 9.0)),),
    )


def weights(question: Question, seed: int = 1, shape: Shape = SMALL) -> dict[str, Floats]:
    """Networks that add little to their level."""
    random = np.random.default_rng([seed, QUESTIONS.index(question)])
    width = len(FEATURES[question]) + 1
    scaling = InputScaling(*(np.full(width, value, np.float32) for value in (0.5, 1.0, np.nan, 0.0, 9.0)))
    arrays = dict(scaling.arrays())
    for index, layer in enumerate(demand_layers(shape.hidden, HEADS[question])):
        arrays[kernel_name(index)] = random.normal(0, 0.05, (shape.members, width, layer.units)).astype(np.float32)
        arrays[bias_name(index)] = np.zeros((shape.members, layer.units), np.float32)
        width = layer.units
    return arrays


def trees(question: Question = "product") -> dict[str, NDArray[Any]]:
    """Two trees: below 1 of the first feature a tenth more, from the second week on a fifth less."""
    weeks_ahead = len(FEATURES[question])
    return {
        boosted_forward.FEATURE: np.array([0, 0, 0, weeks_ahead, 0, 0], np.int32),
        boosted_forward.THRESHOLD: np.array([1.0, 0, 0, 1.5, 0, 0]),
        boosted_forward.MISSING_LEFT: np.zeros(6, np.uint8),
        boosted_forward.LEFT: np.array([1, -1, -1, 4, -1, -1], np.int32),
        boosted_forward.RIGHT: np.array([2, -1, -1, 5, -1, -1], np.int32),
        boosted_forward.VALUE: np.array([0, np.log(1.1), 0, 0, 0, np.log(0.8)]),
        boosted_forward.ROOT: np.array([0, 3], np.int32),
        boosted_forward.BASELINE: np.zeros(1),
    }


def recipe_trees() -> dict[str, NDArray[Any]]:
    """As many trees, with as many leaves, as the recipe grows, out of random numbers."""
    trees, tests, random = 150, 15, np.random.default_rng(4)
    place, root = np.arange(2 * tests + 1), np.repeat(np.arange(trees) * (2 * tests + 1), 2 * tests + 1)
    place, test, count = np.tile(place, trees), np.tile(place < tests, trees), len(root)
    return {
        boosted_forward.FEATURE: random.integers(0, len(FEATURES["product"]) + 1, count).astype(np.int32),
        boosted_forward.THRESHOLD: random.integers(0, 256, count) / 64,
        boosted_forward.MISSING_LEFT: np.zeros(count, np.uint8),
        boosted_forward.LEFT: np.where(test, root + 2 * place + 1, -1).astype(np.int32),
        boosted_forward.RIGHT: np.where(test, root + 2 * place + 2, -1).astype(np.int32),
        boosted_forward.VALUE: random.normal(0, 0.01, count),
        boosted_forward.ROOT: (np.arange(trees) * (2 * tests + 1)).astype(np.int32),
        boosted_forward.BASELINE: np.zeros(1),
    }


def with_trees(
    version: tuple[DemandManifest, dict[str, bytes]],
    weight: float = 0.25,
    arrays: Mapping[str, NDArray[Any]] | None = None,
    level_weight: float = 0.0,
    holds_back: str | None = None,
) -> tuple[DemandManifest, dict[str, bytes]]:
    """The version with a boosted member for products by week."""
    manifest, files = version
    arrays = trees() if arrays is None else arrays
    boosting = Boosting(
        weight, len(arrays[boosted_forward.ROOT]), {"max_iter": 2}, 1_000, 200, level_weight, holds_back
    )
    product = msgspec.structs.replace(manifest.questions["product"], boosting=boosting)
    files = {**files, trees_file("product"): save(dict(arrays))}
    return msgspec.structs.replace(
        manifest,
        questions={**manifest.questions, "product": product},
        files={name: file_entry(content) for name, content in files.items()},
    ), files


def demand_files(seed: int = 1, shape: Shape = SMALL) -> dict[str, bytes]:
    """All files but the manifest."""
    random = np.random.default_rng(seed)
    seen = {
        question: Seen(np.zeros(count), np.full(count, 3.0), np.ones(count, np.bool_), np.arange(1, 100))
        for question, count in ((question, len(FEATURES[question])) for question in QUESTIONS)
    }
    calibrations = {
        kind: calibrate(random.exponential(1, 600), random.integers(0, 2, (600, DEPTHS[kind]))) for kind in CALIBRATIONS
    }
    return {
        **{weights_file(question): save(weights(question, seed, shape)) for question in QUESTIONS},
        CALIBRATION_FILE: save(calibration_arrays(calibrations)),
        SEEN_FILE: save(seen_arrays(seen)),
    }


def demand_version(seed: int = 1, shape: Shape = SMALL, **changes: object) -> tuple[DemandManifest, dict[str, bytes]]:
    """A manifest and the files that it names."""
    files = demand_files(seed, shape)
    manifest = DemandManifest(
        version=new_version(),
        training_id="01940000-0000-7000-8000-000000000002",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        seed=seed,
        horizon_days=28,
        weeks=8,
        data=DemandData(1_000, "0" * 64, date(2025, 1, 1), date(2026, 1, 1), ()),
        questions={question: record(question, shape) for question in QUESTIONS},
        judgement="pair: better than every opponent",
        libraries={"numpy": "2"},
        files={name: file_entry(content) for name, content in files.items()},
        diagnostics={question: diagnostics(question) for question in QUESTIONS},
    )
    return msgspec.structs.replace(manifest, **changes), files


@dataclass(frozen=True, slots=True)
class WrittenDemand:
    """A version on disk, with what the record says of it."""

    folder: Path
    manifest: DemandManifest
    manifest_sha256: str

    @property
    def version(self) -> str:
        return self.manifest.version


def write_demand(artifacts: Path, seed: int = 1, shape: Shape = SMALL, **changes: object) -> WrittenDemand:
    """Writes a whole and consistent folder."""
    return write_whole(artifacts, *demand_version(seed, shape, **changes))


def write_whole(artifacts: Path, manifest: DemandManifest, files: Mapping[str, bytes]) -> WrittenDemand:
    """Writes a version that was made."""
    folder = artifacts / manifest.version
    folder.mkdir(parents=True)
    raw = encode_manifest(manifest)
    for name, content in {**files, MANIFEST_FILE: raw}.items():
        (folder / name).write_bytes(content)
    return WrittenDemand(folder, manifest, hashlib.sha256(raw).hexdigest())
