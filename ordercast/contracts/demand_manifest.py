"""manifest.json of a version of `demand`: the trainer writes it beside the weights, the predictor checks it before it serves.

A version is a folder named by its id, as one of `baseline` is (`model_manifest`). Beside the manifest it holds, in safetensors:

- `pair`, `line` and `product`: the networks of each question, as `demand_forward` describes them, in float32;
- `calibration`: what intervals are made of, by kind (`pair/`, `line/`, `week/`, `stock/`; `services.shared.demand.conformal`);
- `seen`: which values and products each question learned from (`pair/low`, `pair/high`, `pair/products` and so on);
- `product_trees`, where products by week have a boosted member with a weight: its trees, as `boosted_forward` describes them.

Fields that a later release adds are passed over.
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec

from ordercast.contracts.because import Because
from ordercast.contracts.demand_settings import DemandSettings
from ordercast.contracts.diagnostics import Diagnostics
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    AtLeastOne,
    Count,
    FileEntry,
    ManifestError,
    Sha256,
    TopicPosition,
    Version,
)
from ordercast.first_line import first_line

# Rises when an old reader could misread a new version, or take it for a damaged one: 1 has neither trees nor bounds of inputs
# (`demand_forward`), 2 no share of the level, 3 neither a feature of a product's visits nor intervals of young products, 4 no
# rule for silences, and features to which a week of the shop without orders is a usual one, 5 features to which ten years are
# never, a closed shop is as others, and no product has a cap of its own, 6 no feature of a product's curve. What is written is of
# the newest.
Schema = Literal[
    "ordercast.demand/1",
    "ordercast.demand/2",
    "ordercast.demand/3",
    "ordercast.demand/4",
    "ordercast.demand/5",
    "ordercast.demand/6",
    "ordercast.demand/7",
]
SCHEMA: Final[Schema] = "ordercast.demand/7"
DEMAND: Final = "demand"

Question = Literal["pair", "line", "product"]
QUESTIONS: Final[tuple[Question, ...]] = ("pair", "line", "product")
# In which a training learns them, and its epochs count on: a shop that cannot be learned from has too few lines before it has
# too few of anything else.
LEARNED_IN_ORDER: Final[tuple[Question, ...]] = ("line", "pair", "product")
CALIBRATION_FILE: Final = "calibration.safetensors"
SEEN_FILE: Final = "seen.safetensors"

# Whether a training's version is published: if it is better than what needs no learning and no worse than what serves, or
# whatever it is worth, or not at all.
Publish = Literal["if-better", "always", "never"]
Verdict = Literal["published", "rejected", "not published, as asked"]

# What a network answers. "order": log odds of any order. "mean": of pieces. "median", and how far "low" and "high" stand from it
# before softplus: the quantiles 0.05, 0.5, 0.95 of log(1 + pieces).
Head = Literal["order", "mean", "median", "low", "high"]

# Days that "within the horizon" may mean.
HORIZONS: Final = (7, 14, 28, 56)
DEFAULT_HORIZON: Final = 28
# Weeks ahead that products are asked for.
MOST_WEEKS: Final = 8


def weights_file(question: Question) -> str:
    """Name of the file with a question's networks."""
    return f"{question}.safetensors"


def trees_file(question: Question) -> str:
    """Name of the file with a question's boosted member."""
    return f"{question}_trees.safetensors"


class Opponent(msgspec.Struct, frozen=True):
    """How an answer did on the held-out rows, the model's own ("networks") or another's.

    `deviance` is the mean Poisson deviance with targets over `clip`, or twice the row's own level if that is more, counted as
    that, `unclipped` the same without; `wape` is the sum of absolute errors over the sum of targets, `said` the pieces said over
    the pieces sold.
    """

    name: str
    deviance: float
    unclipped: float
    mae: float
    wape: float
    said: float


class OrderScores(msgspec.Struct, frozen=True):
    """Of the probability that a pair orders."""

    auc: float
    average_precision: float
    brier: float


class FeatureBins(msgspec.Struct, frozen=True):
    """How a feature was distributed: the share of rows up to the first edge, from there to the second, ..., above the last."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


class Boosting(msgspec.Struct, frozen=True):
    """A question's boosted member. `weight` is its share of the mean, the rest is the networks'. `level_weight` is the share of
    what holds both back in the end: of the level that they correct, or of the feature `holds_back`. Both 0: it helped nothing, and
    its trees are not kept.

    `settings` are those of scikit-learn's HistGradientBoostingRegressor, `rows` those that it learned from. The weights were
    chosen on `chosen_on` of the rows held out, earlier ones than those that the version was judged on.
    """

    weight: Annotated[float, msgspec.Meta(ge=0, le=1)]
    trees: Count
    settings: dict[str, float]
    rows: Count
    chosen_on: Count
    level_weight: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    holds_back: str | None = None


class QuestionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One question: its networks, what they learned from, and how they were judged on rows after that.

    `features` are those of the networks, in order, as `services.shared.demand.feature_list` names them; `average` is the mean of
    each over the rows learned from. `level` is the feature that they correct. `better_than` is by how much less deviance an
    opponent's is undercut, as a share of it. `snapshot` is how each feature of the known pairs was distributed
    at the end of the data, of pairs alone. `boosting` is of products alone, and not there if the recipe has no blend. Nothing that
    happened on `learned_until` or later moved it; older versions do not say.
    """

    features: tuple[str, ...]
    average: tuple[float, ...]
    level: str
    heads: tuple[Head, ...]
    hidden: tuple[AtLeastOne, ...]
    members: AtLeastOne
    epochs: AtLeastOne
    batch_size: AtLeastOne
    learning_rate: float
    rows: AtLeastOne
    held_out: AtLeastOne
    clip: float
    collapsed_members: Count
    trained_again: Count
    scores: tuple[Opponent, ...] = ()
    order_scores: OrderScores | None = None
    better_than: dict[str, float] = {}
    judgement: str = ""
    snapshot: tuple[FeatureBins, ...] = ()
    boosting: Boosting | None = None
    learned_until: date | None = None

    @property
    def has_trees(self) -> bool:
        """Whether its answers are a mean of networks, trees and what holds these back."""
        return self.boosting is not None and self.boosting.weight + self.boosting.level_weight > 0


class DemandData(msgspec.Struct, frozen=True):
    """Which activity the model learned from: rows of activity by day known before `until`.

    `digest` is the SHA-256 of their columns in the order of `services.shared.db.read_activity.COLUMNS`, as int64, little-endian,
    in rising order of these numbers.
    """

    rows: AtLeastOne
    digest: Sha256
    first_day: date
    until: date
    positions: tuple[TopicPosition, ...]


class DemandManifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one version of `demand`. `warnings`: what makes its answers doubtful, in words; `because` is
    `judgement` as data.

    A version from before them has no `diagnostics`, which a card shows of each question, and no `settings`: all values of the
    recipe, whose name is that of a written one if it is not `demand`.
    """

    schema: Schema = SCHEMA
    recipe: Literal["demand"] = "demand"
    version: Version
    training_id: str
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    seed: int
    horizon_days: Annotated[int, msgspec.Meta(ge=1)]
    weeks: Annotated[int, msgspec.Meta(ge=1, le=MOST_WEEKS)]
    data: DemandData
    questions: dict[Question, QuestionRecord]
    judgement: str
    because: Because | None = None
    warnings: tuple[str, ...] = ()
    libraries: dict[str, str]
    files: dict[str, FileEntry]
    diagnostics: dict[Question, Diagnostics] = {}
    settings: DemandSettings | None = None


def decode_demand_manifest(raw: bytes) -> DemandManifest:
    """Reads manifest.json; raises ManifestError for anything that is not whole and consistent."""
    try:
        manifest = msgspec.json.decode(raw, type=DemandManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{MANIFEST_FILE}: {first_line(error)}") from error
    if manifest.horizon_days not in HORIZONS:
        raise ManifestError(f"{MANIFEST_FILE}: horizon_days is {manifest.horizon_days}, not one of {HORIZONS}")
    if missing := [question for question in QUESTIONS if question not in manifest.questions]:
        raise ManifestError(f"{MANIFEST_FILE} says nothing of the question {missing[0]}")
    trees = [trees_file(question) for question in QUESTIONS if manifest.questions[question].has_trees]
    for name in (*map(weights_file, QUESTIONS), *trees, CALIBRATION_FILE, SEEN_FILE):
        if name not in manifest.files:
            raise ManifestError(f"{MANIFEST_FILE} names no {name}")
    for name, record in manifest.questions.items():
        if len(record.average) != len(record.features):
            raise ManifestError(
                f"{MANIFEST_FILE}: {name} has {len(record.average)} averages of {len(record.features)} features"
            )
    return manifest
