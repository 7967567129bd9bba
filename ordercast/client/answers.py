"""What the services answer, as types. Fields that a newer service adds are passed over."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from msgspec import Struct

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True):
    data: list[Item]
    has_more: bool


class Account(Struct, frozen=True):
    id: int
    email: str | None
    nickname: str
    role: str
    login_type: str
    account_ref: str | None = None
    blocked: bool = False


class AuditLine(Struct, frozen=True):
    """`account_id` did it, `subject` is what it was done to, as a path."""

    id: int
    kind: str
    account_id: int | None
    subject: str | None
    address: str | None
    trace_id: str | None
    details: dict[str, Any]
    recorded_at: datetime


class ApiKey(Struct, frozen=True):
    id: int
    account_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    rotated_at: datetime | None = None
    previous_until: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    key: str | None = None  # where it is made or rotated, and nowhere else


class ResetCode(Struct, frozen=True):
    """Good once, until `expires_at`."""

    code: str
    expires_at: datetime


class Product(Struct, frozen=True):
    id: int
    sku: str
    name: str
    price: Decimal
    currency: str
    active: bool = True


class Price(Struct, frozen=True):
    """What a product costs, or has cost, since `valid_from`."""

    id: int
    price: Decimal
    currency: str
    valid_from: datetime


class OrderItem(Struct, frozen=True):
    line: int
    product_id: int
    quantity: int
    unit_price: Decimal
    line_total: Decimal
    sku: str
    cancelled_quantity: int


class Order(Struct, frozen=True):
    """`kind` is order, or cancellation for a document out of a shop's history that only takes back."""

    id: UUID
    order_ref: str | None
    account_id: int
    account_ref: str | None
    kind: str
    status: str
    items: list[OrderItem]
    total: Decimal
    currency: str
    created_at: datetime
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    updated_at: datetime


class Changes(Struct, frozen=True):
    """Orders that are new or have changed; `next_cursor` is what to go on with."""

    data: list[Order]
    has_more: bool
    next_cursor: str


class RefusedLine(Struct, frozen=True):
    """A line (from 1) of an NDJSON body that was not taken, and why."""

    line: int
    reason: str


class ProductsAnswer(Struct, frozen=True):
    """Products of an import; `unchanged` ones were as they should be."""

    created: int
    changed: int
    unchanged: int
    refused: list[RefusedLine]


class BatchAnswer(Struct, frozen=True):
    accepted: int
    refused: list[RefusedLine]


class ImportAnswer(Struct, frozen=True):
    """Lines of an import: of new orders, of orders that were there, changed (confirmed, cancelled) or replaced, and refused."""

    created: int
    repeated: int
    refused: list[RefusedLine]
    changed: int = 0  # a service of the release before knows neither
    replaced: int = 0


class TrendFigures(Struct, frozen=True, kw_only=True):
    """`orders` are distinct orders; what was taken back counts when it was taken back, and `net_quantity` is without it.

    `conversion` is orders per view, None without views.
    """

    orders: int
    order_lines: int
    quantity: int
    cancelled_quantity: int
    net_quantity: int
    views: int
    conversion: float | None


class DayTrend(TrendFigures, frozen=True, kw_only=True):
    """One day of the zone that was asked for."""

    date: date


class ProductTrend(TrendFigures, frozen=True, kw_only=True):
    """One product over the whole period."""

    product_id: int
    sku: str
    name: str


class Trends(Struct, frozen=True):
    """The days of the zone `tz` on which something happened, and the ten products that were ordered most."""

    tz: str
    days: list[DayTrend]
    top_products: list[ProductTrend]


class Features(Struct, frozen=True):
    """What is known of an account and a product; `ordercast.contracts.features` tells what each field means."""

    account_id: int
    product_id: int
    first_ordered_at: datetime | None
    first_quantity: int | None
    first_order_quantity: int | None
    first_price: Decimal | None
    order_count: int
    total_quantity: int
    cancelled_quantity: int
    view_count: int
    views_before_first_order: int
    last_viewed_at: datetime | None
    last_ordered_at: datetime | None


# A training in one of these states stays in it.
FINISHED: Final = frozenset({"succeeded", "failed", "cancelled"})


class Errors(Struct, frozen=True):
    """Mean squared error (pieces squared) and mean absolute error (pieces) on held-out rows."""

    mse: float
    mae: float


class Metrics(Struct, frozen=True):
    """How good an ensemble is, beside the two plain guesses: the mean of the quantities and a straight line."""

    holdout_rows: int
    ensemble: Errors
    mean: Errors
    line: Errors


class Judgement(Struct, frozen=True):
    """What a model is worth on held-out rows beside answering their mean, by a deviance that no single row decides."""

    quality: str
    reason: str
    collapsed_members: int
    deviance: float
    mean_deviance: float
    difference: float
    low: float
    high: float
    clip: float
    warnings: list[str] = []

    def lines(self) -> list[str]:
        """To be read: what it is worth, and what makes its answers doubtful."""
        return [self.reason, *(f"warning: {warning}" for warning in self.warnings)]


class Scores(Struct, frozen=True):
    """Of one answer on held-out rows: Poisson deviance with large targets clipped, mean absolute error, pieces said over sold."""

    name: str
    deviance: float
    mae: float
    said: float


class Question(Struct, frozen=True):
    """What the networks of one question of `demand` are worth: `scores` begins with theirs, others' answers follow.

    `better_than`: by which share of an opponent's deviance theirs is less. `boosting`: trees, with their `weight`.
    """

    rows: int
    held_out: int
    members: int
    scores: list[Scores]
    better_than: dict[str, float]
    collapsed_members: int
    boosting: dict[str, Any] | None = None


class Progress(Struct, frozen=True):
    epoch: int
    epochs: int


class Made(Struct, frozen=True):
    """What came out of a training, kept or not: digests of its data and of the files that were learned, and with what."""

    digest: str
    rows: int
    files: dict[str, str]
    libraries: dict[str, str]


class Training(Struct, frozen=True):
    """A training job; `status` is queued, running, succeeded, failed or cancelled.

    `verdict` says whether the model of one that succeeded was published, was rejected, or was not to be. `metrics` and `judgement`
    are those of `baseline`, `questions` those of `demand`; `settings` are all values of a written recipe, whose name is `recipe`.
    `asked_by` is an account; or a rule asked, in words.
    """

    id: UUID
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    status: str
    progress: Progress
    metrics: Metrics | None = None
    model_version: str | None = None
    error: str | None = None
    judgement: Judgement | None = None
    horizon_days: int | None = None
    until: str | None = None
    verdict: str | None = None
    verdict_reason: str | None = None
    questions: dict[str, Question] | None = None
    asked_by: int | None = None
    asked_by_rule: str | None = None
    settings: dict[str, Any] | None = None
    made: Made | None = None

    @property
    def serves(self) -> str:
        """Whose slot its version competes for: a written recipe is `demand` with other values."""
        return self.recipe if self.settings is None else "demand"


class Recipe(Struct, frozen=True):
    """What trainings go by: all its values, and how many were asked for with it. `serves`: whose slot its versions compete for."""

    name: str
    built_in: bool
    serves: str
    values: dict[str, Any]
    trainings: int
    last_asked_at: datetime | None


class Recipes(Struct, frozen=True):
    data: list[Recipe]


class Prediction(Struct, frozen=True):
    """`quantity` is the mean of the members' answers (pieces), `spread` their standard deviation.

    `quality` and `collapsed_members` say what the model is worth; a service of the release before says neither. The last fields
    are those of a pair; without a feature row (`has_features` false) it is the prediction for 0 views.
    """

    quantity: float
    spread: float
    members: list[float]
    model_version: str
    view_count: int
    quality: str | None = None
    collapsed_members: int | None = None
    account_id: int | None = None
    product_id: int | None = None
    has_features: bool | None = None
    features_as_of: datetime | None = None


class Predictions(Struct, frozen=True):
    """In the order of the request, all from one model version."""

    data: list[Prediction]
    model_version: str


class Model(Struct, frozen=True):
    """A published version; the last fields are None if the predictor cannot read its files any more.

    `manifest` is its manifest.json, where one version was asked for; ids in its rows of great influence are an admin's to see.
    """

    version: str
    recipe: str
    state: str
    refused: str | None
    published_at: datetime
    activated_at: datetime | None
    members: int | None = None
    trained_at: datetime | None = None
    rows: int | None = None
    metrics: dict[str, Any] | None = None
    judgement: Judgement | None = None
    pinned: bool = False
    manifest: dict[str, Any] | None = None


class CurrentModel(Struct, frozen=True):
    """The version that answers now, with the number of rows it learned from and the figures of its training.

    With `pinned` it stays until it is unpinned; `challenger` is the newest version that waits for that.
    """

    version: str
    recipe: str
    members: int
    trained_at: datetime
    rows: int
    metrics: dict[str, Any]
    judgement: Judgement | None = None
    pinned: bool = False
    challenger: str | None = None


class Unpinned(Struct, frozen=True):
    """`unpinned` was pinned until now (None: none was), `version` answers now (None: there is none)."""

    unpinned: str | None
    version: str | None
