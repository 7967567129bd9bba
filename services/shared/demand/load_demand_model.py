"""A version of `demand` from its files, and its arrays as they are stored."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ordercast.contracts.boosted_forward import BoostedTrees, TreesError
from ordercast.contracts.demand_forward import MOST_LOG_MEAN, MOST_LOG_MEAN_BEFORE, DemandNetworks
from ordercast.contracts.demand_manifest import (
    CALIBRATION_FILE,
    QUESTIONS,
    SEEN_FILE,
    DemandManifest,
    Question,
    QuestionRecord,
    Schema,
    trees_file,
    weights_file,
)
from ordercast.contracts.ensemble_forward import WeightsError
from ordercast.first_line import first_line
from ordercast.services.shared.demand.boosted_member import BoostedMember
from ordercast.services.shared.demand.conformal import Calibration, CalibrationRefused, from_arrays
from ordercast.services.shared.demand.demand_model import CALIBRATIONS, FEATURES, DemandModel, QuestionModel
from ordercast.services.shared.demand.feature_list import SHOP_RESTS, names
from ordercast.services.shared.demand.seen import Seen

Arrays = Mapping[str, NDArray[np.generic]]

# Versions that were calibrated without a group of young products.
_YOUNG_TOGETHER: Final[frozenset[Schema]] = frozenset(
    ("ordercast.demand/1", "ordercast.demand/2", "ordercast.demand/3")
)
# Versions whose features were held to the shop's cap alone, and to 163,000 pieces an answer, and knew no shop that rests.
_BEFORE: Final[frozenset[Schema]] = frozenset((*_YOUNG_TOGETHER, "ordercast.demand/4", "ordercast.demand/5"))
# Versions that were judged without a rule for silences, and to which a week without orders of the shop was a usual one.
_RESTLESS: Final[frozenset[Schema]] = frozenset((*_YOUNG_TOGETHER, "ordercast.demand/4"))


def asked_as_before(manifest: DemandManifest) -> bool:
    """Whether the version is to be asked, and compared, by features as releases before made them (`Features`)."""
    return manifest.schema in _BEFORE


class ModelDamaged(ValueError):
    """The files are not those of a version: something is missing, of another shape or no number. The message says what."""


def demand_model(manifest: DemandManifest, files: Mapping[str, bytes]) -> DemandModel:
    """From the files that the manifest names.

    Raises:
        ModelDamaged: one is missing or damaged.
    """
    seen, calibrations = _arrays(files, SEEN_FILE), _arrays(files, CALIBRATION_FILE)
    return DemandModel(
        {
            question: question_model(
                question,
                manifest.questions[question],
                _arrays(files, weights_file(question)),
                _seen(_below(seen, question), question),
                manifest.horizon_days,
                _boosted(question, manifest.questions[question], files),
                # A version of a release before, which notes no "never", was judged and calibrated without.
                levels_young="never" in _below(seen, question),
                rests=manifest.schema not in _RESTLESS,
                before=asked_as_before(manifest),
            )
            for question in QUESTIONS
        },
        {kind: _calibration(_below(calibrations, kind), kind) for kind in CALIBRATIONS},
        young_apart=manifest.schema not in _YOUNG_TOGETHER,
        before=asked_as_before(manifest),
    )


def question_model(
    question: Question,
    record: QuestionRecord,
    arrays: Arrays,
    seen: Seen,
    horizon_days: int,
    boosted: BoostedMember | None = None,
    *,
    levels_young: bool = True,
    rests: bool = True,
    before: bool = False,
) -> QuestionModel:
    """One question's networks, from its record in the manifest and its arrays.

    Raises:
        ModelDamaged: a feature is not known here, or an array is missing or damaged.
    """
    known = names(FEATURES[question])
    if unknown := [name for name in (*record.features, record.level) if name not in known]:
        raise ModelDamaged(f"{question} asks for the feature {unknown[0]}, which this release does not have")
    columns = np.array([known.index(name) for name in record.features], np.int64)
    if len(seen.low) != len(columns):
        raise ModelDamaged(f"{SEEN_FILE}: {question} has {len(seen.low)} bounds of {len(columns)} features")
    try:
        networks = DemandNetworks.of_arrays(
            record.heads,
            record.hidden,
            record.members,
            {name: np.asarray(array, np.float32) for name, array in arrays.items()},
            MOST_LOG_MEAN_BEFORE if before else MOST_LOG_MEAN,
        )
    except WeightsError as error:
        raise ModelDamaged(f"{weights_file(question)}: {error}") from error
    features = tuple(FEATURES[question][place] for place in columns)
    level = known.index(record.level)
    closed = known.index(SHOP_RESTS) if not before and SHOP_RESTS in known else None
    return QuestionModel(
        features,
        columns,
        level,
        networks,
        seen,
        horizon_days,
        boosted,
        levels_young,
        rests,
        closed,
        question == "product",
    )


def seen_arrays(seen: Mapping[Question, Seen]) -> dict[str, NDArray[np.generic]]:
    """As they are stored in `SEEN_FILE`."""
    return {
        f"{question}/{name}": array
        for question, bounds in seen.items()
        for name, array in (
            *(("low", bounds.low), ("high", bounds.high)),
            *(("never", bounds.never.astype(np.uint8)), ("products", bounds.products)),
        )
    }


def calibration_arrays(calibrations: Mapping[str, Calibration]) -> dict[str, NDArray[np.generic]]:
    """As they are stored in `CALIBRATION_FILE`."""
    return {
        f"{kind}/{name}": array
        for kind, calibration in calibrations.items()
        for name, array in calibration.arrays().items()
    }


def _arrays(files: Mapping[str, bytes], name: str) -> Arrays:
    if name not in files:
        raise ModelDamaged(f"{name} is missing")
    try:
        found: Arrays = safetensors.load(files[name])
    except (SafetensorError, ValueError, KeyError) as error:  # a type of numbers that numpy does not have is a KeyError
        raise ModelDamaged(f"{name}: {first_line(error)}") from error
    return found


def _below(arrays: Arrays, part: str) -> Arrays:
    """The arrays under `part/`, without it."""
    return {name.removeprefix(f"{part}/"): array for name, array in arrays.items() if name.startswith(f"{part}/")}


def _boosted(question: Question, record: QuestionRecord, files: Mapping[str, bytes]) -> BoostedMember | None:
    if record.boosting is None or not record.has_trees:
        return None
    name = trees_file(question)
    try:
        trees = BoostedTrees(_arrays(files, name), len(record.features) + 1)
    except TreesError as error:
        raise ModelDamaged(f"{name}: {error}") from error
    if trees.trees != record.boosting.trees:
        raise ModelDamaged(f"{name} has {trees.trees} trees, and the manifest says {record.boosting.trees}")
    held, known = record.boosting.holds_back or record.level, names(FEATURES[question])
    if held not in known:
        raise ModelDamaged(f"{question} is held back by the feature {held}, which this release does not have")
    return BoostedMember(record.boosting.weight, trees, record.boosting.level_weight, known.index(held))


def _seen(arrays: Arrays, question: Question) -> Seen:
    if missing := [name for name in ("low", "high", "products") if name not in arrays]:
        raise ModelDamaged(f"{SEEN_FILE} lacks {question}/{missing[0]}")
    low, high = arrays["low"].astype(np.float64), arrays["high"].astype(np.float64)
    # In a version of a release before, "never" was as high as any other value.
    never = arrays.get("never", np.ones(len(high)))
    return Seen(low, high, never.astype(np.bool_), arrays["products"].astype(np.int64))


def _calibration(arrays: Arrays, kind: str) -> Calibration:
    try:
        return from_arrays(arrays)  # type: ignore[arg-type]
    except CalibrationRefused as error:
        raise ModelDamaged(f"{CALIBRATION_FILE}, {kind}: {error}") from error
