"""What the recipe `demand` answers: of an account and a product, and of products by week."""

from datetime import date, datetime

from msgspec import Struct

from ordercast.contracts.because import Because


class QuantityIfOrdered(Struct, frozen=True):
    """Pieces within the horizon if the account orders at all."""

    mean: float
    median: float


class Interval(Struct, frozen=True):
    """Whole pieces; the quantity lies between both, or on one, with the probability `level`."""

    low: int
    high: int
    level: float


class Reason(Struct, frozen=True):
    """`effect`: by how much the expected quantity is more (or less) than with the feature at its average."""

    feature: str
    value: float
    average: float
    effect: float


class PairDemand(Struct, frozen=True):
    """What an account will order of a product within `horizon_days`, as known at the end of `as_of` (None: now)."""

    account_id: int
    product_id: int
    horizon_days: int
    order_probability: float
    quantity_if_ordered: QuantityIfOrdered
    expected_quantity: float
    interval: Interval
    next_line_quantity: float
    better_than: dict[str, float]
    extrapolates: bool
    extrapolates_because: list[str]
    why: list[Reason]
    features: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None = None
    beyond: list[Because] = []


class PairNumbers(Struct, frozen=True):
    """The numbers of `PairDemand`, as lists have them."""

    account_id: int
    product_id: int
    order_probability: float
    quantity_if_ordered: QuantityIfOrdered
    expected_quantity: float
    interval: Interval
    next_line_quantity: float
    extrapolates: bool
    extrapolates_because: list[str]
    beyond: list[Because] = []


class PairsDemand(Struct, frozen=True):
    """Of many pairs, in the order of the request, all from one version."""

    data: list[PairNumbers]
    level: float
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None = None


class ProductNumbers(PairNumbers, frozen=True, kw_only=True):
    """What an account will order of one of its products."""

    sku: str


class AccountDemand(Struct, frozen=True):
    """The products that an account will most probably order, out of so many that it has ordered, viewed or put into the cart."""

    account_id: int
    data: list[ProductNumbers]
    known_products: int
    level: float
    horizon_days: int
    better_than: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None = None


class ForecastWeek(Struct, frozen=True):
    """Pieces in the seven days from `starts_on` on, and the whole pieces from `low` to `high` that hold them at a level."""

    starts_on: date
    expected: float
    low: int
    high: int


class RecentWeek(Struct, frozen=True):
    """Pieces that were ordered in the seven days from `starts_on` on, less those that were taken back."""

    starts_on: date
    quantity: int


class Forecast(Struct, frozen=True, omit_defaults=True):
    """Pieces of a product: expected in all weeks together, and the stock that is enough for them at a service level.

    `recent` are the last weeks before the forecast, if they were asked for.
    """

    product_id: int
    sku: str
    expected: float
    stock: int
    weeks: list[ForecastWeek]
    extrapolates: bool
    extrapolates_because: list[str]
    recent: list[RecentWeek] | None = None
    beyond: list[Because] = []


class OneForecast(Struct, frozen=True):
    """The same of one product alone, with its last weeks; `level_a_week` is what exponential smoothing makes of all, and `trend`
    the last 4 weeks over the last 13, less one (None: nothing was sold)."""

    product_id: int
    sku: str
    expected: float
    stock: int
    weeks: list[ForecastWeek]
    extrapolates: bool
    extrapolates_because: list[str]
    recent: list[RecentWeek]
    level_a_week: float
    trend: float | None
    level: float
    service_level: float
    model_version: str
    features_as_of: datetime
    as_of: date | None = None
    beyond: list[Because] = []


class Forecasts(Struct, frozen=True):
    """A page of forecasts, all from one version."""

    data: list[Forecast]
    has_more: bool
    level: float
    service_level: float
    model_version: str
    features_as_of: datetime
    as_of: date | None = None


class ProductForecasts(Struct, frozen=True):
    """Of the products that were asked for, in that order, all from one version."""

    data: list[Forecast]
    level: float
    service_level: float
    model_version: str
    features_as_of: datetime
    as_of: date | None = None
