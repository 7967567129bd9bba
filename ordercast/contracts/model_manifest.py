"""manifest.json of a model version: the trainer writes it beside the weights, the predictor checks it before it serves.

A version is a folder named by its id. It holds manifest.json and the files that `files` names with size and SHA-256.
The predictor reads this manifest, `weights.safetensors` and `scaler.json`; the rest is an export for plain scripts.

`weights.safetensors` holds, for each layer i counted from 0, all members stacked on the leading axis, in float32:
`dense_i/kernel` [members, inputs, units] and `dense_i/bias` [members, units]. `scaler.json` is a `Scaler`.
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from ordercast.contracts.because import Because
from ordercast.contracts.diagnostics import Diagnostics
from ordercast.first_line import first_line

SCHEMA = "ordercast.model/1"  # rises when an old reader could misread a new manifest
MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "weights.safetensors"
SCALER_FILE = "scaler.json"

# The time to the second, so that ids sort by age and people can read them; 32 random bits, so that two cannot meet.
VERSION_PATTERN = r"^v[0-9]{8}T[0-9]{6}-[0-9a-f]{8}$"

Activation = Literal["relu", "tanh", "linear"]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, msgspec.Meta(pattern=VERSION_PATTERN)]
Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]


class ManifestError(ValueError):
    """The bytes are not a manifest that this code can trust; the message says where they go wrong."""


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dense layer; `dropout` is the share of its outputs dropped after it while training, never while predicting."""

    units: AtLeastOne
    activation: Activation
    dropout: Fraction = 0.0


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every value that a training goes by; with the same rows and seed it makes the same model again."""

    name: str
    layers: tuple[Layer, ...]
    members: AtLeastOne
    epochs: AtLeastOne
    batch_size: AtLeastOne
    learning_rate: float
    test_size: Fraction  # share of all rows held out, drawn with split_seed as scikit-learn's train_test_split draws it
    split_seed: int
    validation_split: Fraction  # share of the training rows at their end, watched but not learned from
    loss: Literal["mse"] = "mse"
    optimiser: Literal["adam"] = "adam"
    input: Literal["view_count"] = "view_count"
    target: Literal["first_quantity"] = "first_quantity"


class Scaler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """scaler.json: the network's input is (view_count - mean) / scale; `n` rows were seen."""

    mean: float
    scale: float
    n: AtLeastOne


class TopicPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The feature rows held every event of this partition before `next_offset`, and none from there on."""

    topic: str
    partition: Count
    next_offset: Count


class TrainingData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows the model learned from; `digest` is the SHA-256 that ordercast.services.trainer.training.training_set states."""

    rows: AtLeastOne
    digest: Sha256
    positions: tuple[TopicPosition, ...]


class Errors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean squared error (quantity squared) and mean absolute error (quantity) over the held-out rows."""

    mse: float
    mae: float


class MemberMetrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One network alone: its errors on the held-out rows and its loss (mse) at the end of the last epoch."""

    holdout: Errors
    loss: float
    val_loss: float


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ensemble on the held-out rows beside the two plain guesses, both fitted on the other rows."""

    holdout_rows: AtLeastOne
    ensemble: Errors
    mean: Errors
    line: Errors
    members: tuple[MemberMetrics, ...]
    beats_mean: bool
    beats_line: bool


Quality = Literal["better than the mean", "no better than the mean", "worse than the mean"]


class Judgement(msgspec.Struct, frozen=True):
    """What the ensemble is worth on the held-out rows, beside answering the mean of the other rows' quantities.

    `deviance` and `mean_deviance` are Poisson deviances a row, of the ensemble and of the mean; quantities over `clip` count
    as `clip`, in the mean too, so that no single row decides. `difference` is the first less the second, and `low` to `high`
    holds it in 95 % of the draws of a paired bootstrap by account. `reason` says all that in words, and `warnings` what else
    makes the model's answers doubtful; `doubts` are the warnings as data.
    """

    quality: Quality
    reason: str
    collapsed_members: Count  # networks that answer one and the same number over the range of view counts
    deviance: float
    mean_deviance: float
    difference: float
    low: float
    high: float
    clip: float
    warnings: tuple[str, ...] = ()
    doubts: tuple[Because, ...] = ()


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size in bytes and SHA-256 of one file of the version folder."""

    size: Count
    sha256: Sha256


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one model version. Fields that a later release adds are passed over; the last two are such.

    `diagnostics`: what a card shows.
    """

    schema: Literal["ordercast.model/1"] = "ordercast.model/1"
    version: Version
    training_id: str
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    recipe: Recipe
    seed: int
    data: TrainingData
    metrics: Metrics
    libraries: dict[str, str]
    files: dict[str, FileEntry]
    judgement: Judgement | None = None
    diagnostics: Diagnostics | None = None


def new_version(now: datetime | None = None) -> str:
    """A fresh version id, for example `v20261123T214303-1a2b3c4d`."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"v{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def encode_manifest(manifest: msgspec.Struct) -> bytes:
    """The bytes of manifest.json: indented, because people read it too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(raw: bytes) -> ModelManifest:
    """Read manifest.json; raises ManifestError for anything that is not whole and consistent."""
    try:
        manifest = msgspec.json.decode(raw, type=ModelManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{MANIFEST_FILE}: {first_line(error)}") from error
    for name in (WEIGHTS_FILE, SCALER_FILE):
        if name not in manifest.files:
            raise ManifestError(f"{MANIFEST_FILE} names no {name}")
    for name in manifest.files:
        # A name becomes a path under the version folder: it must not lead out of it.
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.]*", name):
            raise ManifestError(f"{MANIFEST_FILE} names a file that is not a plain file name: {name!r}")
    if not manifest.recipe.layers or manifest.recipe.layers[-1].units != 1:
        raise ManifestError(f"{MANIFEST_FILE}: the last layer must have one unit")
    return manifest


def file_entry(content: bytes) -> FileEntry:
    """Size and digest of a file's bytes, to write into a manifest or to compare with one."""
    return FileEntry(size=len(content), sha256=hashlib.sha256(content).hexdigest())
