"""What recipe `demand` answers for an account and a product, for many of both, and for an account."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, TypedDict

import msgspec
import numpy as np

from ordercast.contracts.because import sentence
from ordercast.contracts.demand_manifest import QuestionRecord
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.demand_model import PairAnswers
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.features import Features

_PAIR_FEATURES: Final = names(PAIR_FEATURES)
# Features that `why` names.
MOST_REASONS: Final = 3
# An account's products that are compared, those first with which something happened last: some 0.1 s of work.
MOST_PRODUCTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class QuantityIfOrdered:
    """Pieces within the horizon if the account orders at all."""

    mean: float
    median: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Whole pieces; the quantity lies between both, or on one, with the probability `level`."""

    low: int
    high: int
    level: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature: `effect` is by how much `expected_quantity` is more (or less) than with the average value in its place."""

    feature: str
    value: float
    average: float
    effect: float


@dataclass(frozen=True, slots=True)
class PairNumbers:
    """What an account will order of a product within the horizon.

    `expected_quantity` is the mean of all cases, also of those without an order. `next_line_quantity` is what the next order
    line will hold, at least 1, whenever it comes. `beyond` is `extrapolates_because` as data: of each a code and its values.
    """

    account_id: int
    product_id: int
    order_probability: float
    quantity_if_ordered: QuantityIfOrdered
    expected_quantity: float
    interval: Interval
    next_line_quantity: float
    extrapolates: bool
    extrapolates_because: list[str]
    beyond: list[dict[str, Any]]


_NUMBERS: Final = tuple(field.name for field in fields(PairNumbers))


@dataclass(frozen=True, slots=True)
class PairDemand(PairNumbers):
    """What an account will order of a product within `horizon_days`, as known at the end of `as_of` (null: now).

    `expected_quantity` is the mean of all cases, also of those without an order. `next_line_quantity` is what the next order
    line will hold, whenever it comes. `why` are the features that move `expected_quantity` most. `features_as_of` is up to
    when all acknowledged orders are in the features: where the worker is behind, it stays behind.
    """

    why: list[Reason]
    features: dict[str, float]
    recipe: Literal["demand"]
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class PairsDemand:
    """Many pairs, in the order of the request, all from one version and moment."""

    data: list[PairNumbers]
    level: float
    recipe: Literal["demand"]
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class ProductNumbers(PairNumbers):
    """A pair's numbers, with the product's SKU."""

    sku: str


@dataclass(frozen=True, slots=True)
class AccountDemand:
    """The products that an account will most probably order, the most probable first, each with the numbers of a pair.

    They are chosen among the `known_products`: those that the account had ordered, viewed or put into the cart by then. Of
    others the recipe has learned nothing. An account without activity has none.
    """

    account_id: int
    data: list[ProductNumbers]
    known_products: int
    level: float
    recipe: Literal["demand"]
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Basis:
    """What answers a request from its start to its end: a version, and the features of the moment that is asked for."""

    served: ServedDemand
    features: Features
    seen_at: datetime  # up to when all acknowledged orders are in the features
    as_of: date | None
    level: float

    def identity(self) -> tuple[Hashable, ...]:
        """Equal for those that answer alike."""
        return id(self.served), id(self.features), self.seen_at, self.as_of, self.level


class Source(TypedDict):
    """What is the same of all answers to a request."""

    recipe: Literal["demand"]
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None


def source_of(basis: Basis) -> Source:
    return Source(
        recipe="demand",
        horizon_days=basis.served.manifest.horizon_days,
        better_than=basis.served.manifest.questions["pair"].better_than,
        features_as_of=basis.seen_at,
        features_age_seconds=max(0.0, (datetime.now(UTC) - basis.seen_at).total_seconds()),
        model_version=basis.served.version,
        as_of=basis.as_of,
    )


def explain_pairs(basis: Basis, pairs: Sequence[Pair]) -> list[PairDemand]:
    """Each as it is answered alone, with `why` and `features`: one takes some 0.8 ms, sixteen together 0.2 ms each."""
    values, question = _values(basis, pairs), basis.served.model.questions["pair"]
    record = basis.served.manifest.questions["pair"]
    # The pairs, then each with each feature at its average: so an effect is a difference of two answers.
    replaced = np.repeat(values[:, None], len(question.columns), axis=1)
    replaced[:, np.arange(len(question.columns)), question.columns] = record.average
    answer = question.answer(np.concatenate([values, replaced.reshape(-1, values.shape[1])]))
    said = basis.served.model.with_intervals(answer.first(len(pairs)), basis.level)
    expected = answer.expected.astype(np.float64)
    effects = expected[: len(pairs), None] - expected[len(pairs) :].reshape(len(pairs), -1)
    source = source_of(basis)
    return [
        PairDemand(
            **_fields(numbers),
            why=_why(record, row[question.columns], row_effects),
            features=dict(zip(_PAIR_FEATURES, row.tolist(), strict=True)),
            **source,
        )
        for numbers, row, row_effects in zip(_numbers(basis, pairs, values, said), values, effects, strict=True)
    ]


def answer_pairs(basis: Basis, pairs: Sequence[Pair]) -> PairsDemand:
    """Ten thousand take some 0.3 s: call it in a thread."""
    values = _values(basis, pairs)
    numbers = _numbers(basis, pairs, values, basis.served.model.pairs(values, basis.level))
    return PairsDemand(data=numbers, level=basis.level, **source_of(basis))


def probable_products(basis: Basis, account_id: int, limit: int) -> tuple[list[PairNumbers], int]:
    """Of the account's known products those with the highest probability of an order, and how many are known.

    Ten thousand take some 0.1 s: call it in a thread.
    """
    known = basis.features.products_of(account_id)
    products = known[:MOST_PRODUCTS]
    values = basis.features.of_pairs(np.full(len(products), account_id, np.int64), products)
    probability = basis.served.model.questions["pair"].answer(values, spread=False).order_probability
    most = np.lexsort((products, -probability))[:limit]
    pairs = [Pair(account_id, product_id) for product_id in products[most].tolist()]
    return _numbers(basis, pairs, values[most], basis.served.model.pairs(values[most], basis.level)), len(known)


def account_answer(
    basis: Basis, account_id: int, numbers: Sequence[PairNumbers], known_products: int, skus: Mapping[int, str]
) -> AccountDemand:
    """The list, of products whose SKU is known."""
    return AccountDemand(
        account_id=account_id,
        data=[ProductNumbers(**_fields(one), sku=skus[one.product_id]) for one in numbers],
        known_products=known_products,
        level=basis.level,
        **source_of(basis),
    )


def _values(basis: Basis, pairs: Sequence[Pair]) -> Floats:
    asked = np.array(pairs, np.int64)
    return basis.features.of_pairs(asked[:, 0], asked[:, 1])


def _numbers(basis: Basis, pairs: Sequence[Pair], values: Floats, said: PairAnswers) -> list[PairNumbers]:
    """Of pairs with these features; the same to the bit whichever others are asked for."""
    model = basis.served.model
    # A line has a piece at least. The networks may say less of a pair that they know little of.
    lines = np.maximum(model.questions["line"].answer(values, spread=False).expected, 1.0)
    account_ids, product_ids = np.array(pairs, np.int64).reshape(-1, 2).T
    touched = basis.features.touched(account_ids, product_ids)
    because = [
        reasons if known else (sentence("pair-not-touched"), *reasons)
        for known, reasons in zip(
            touched, basis.served.outside("pair", values, product_ids, basis.features), strict=True
        )
    ]
    columns = (said.order_probability, said.mean, said.median, said.expected, said.low, said.high, lines)
    return [
        PairNumbers(
            account_id=pair.account_id,
            product_id=pair.product_id,
            order_probability=probability,
            quantity_if_ordered=QuantityIfOrdered(mean, median),
            expected_quantity=expected,
            interval=Interval(low, high, basis.level),
            next_line_quantity=line,
            extrapolates=bool(reasons),
            extrapolates_because=list(reasons),
            beyond=[msgspec.to_builtins(reason.because) for reason in reasons],
        )
        for pair, reasons, probability, mean, median, expected, low, high, line in zip(
            pairs, because, *(column.tolist() for column in columns), strict=True
        )
    ]


def _why(record: QuestionRecord, values: Floats, effects: Floats) -> list[Reason]:
    most = np.argsort(-np.abs(effects), kind="stable")[:MOST_REASONS]
    return [
        Reason(record.features[place], float(values[place]), record.average[place], float(effects[place]))
        for place in most
    ]


def _fields(numbers: PairNumbers) -> dict[str, Any]:
    return {name: getattr(numbers, name) for name in _NUMBERS}
