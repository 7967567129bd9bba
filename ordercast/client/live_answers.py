"""How a version's predictions have come out, as the predictor answers it."""

from datetime import date, datetime

from msgspec import Struct

from ordercast.contracts.because import Because

# Features that are shown.
SHOWN = 5


class LiveErrors(Struct, frozen=True):
    """Of one way to answer. `said_over_sold` is None where nothing was sold."""

    deviance: float
    mae: float
    said_over_sold: float | None


class LiveOrders(Struct, frozen=True):
    """Of the probability that a pair orders, beside the share that did."""

    order_probability: float
    order_share: float
    brier: float


class LiveAccuracy(Struct, frozen=True):
    """Predictions whose days are over (`ended`), judged by what was ordered. Without any, the figures are None.

    `as_of`: of which moment they are; None of a predictor of the release before, which makes them for each answer. That one does
    not say either how many of the `long_intervals`, those of more than one number, would have held a piece shorter.
    """

    version: str
    ended: int
    open: int
    first_day: date | None
    last_day: date | None
    sold: float | None
    model: LiveErrors | None
    naive: LiveErrors | None
    held_out_model: LiveErrors | None
    held_out_naive: LiveErrors | None
    orders: LiveOrders | None
    held_out_brier: float | None
    intervals: int
    coverage: float | None
    judgement: str
    as_of: datetime | None = None
    because: list[Because] = []
    long_intervals: int = 0
    shorter_coverage: float | None = None

    def lines(self) -> list[str]:
        """In words."""
        lines = [f"{self.version}: {self.judgement}"]
        lines.append(f"{self.ended:,} predictions whose days are over, {self.open:,} open")
        if self.sold is not None:
            lines.append(f"of {self.first_day} to {self.last_day}, in which {self.sold:,.0f} pieces were sold")
        for name, errors in (
            ("model", self.model),
            ("naive", self.naive),
            ("model, held out", self.held_out_model),
            ("naive, held out", self.held_out_naive),
        ):
            if errors is not None:
                said = "-" if errors.said_over_sold is None else f"{errors.said_over_sold:.2f}"
                lines.append(f"  {name:<16} deviance {errors.deviance:8.3f}  mae {errors.mae:8.3f}  said / sold {said}")
        if self.orders is not None:
            orders = self.orders
            held_out = "" if self.held_out_brier is None else f", {self.held_out_brier:.4f} held out"
            lines.append(
                f"an order was said to come in {orders.order_probability:.1%} of the cases and came in {orders.order_share:.1%} "
                f"(Brier score {orders.brier:.4f}{held_out})"
            )
        if self.coverage is not None:
            lines.append(f"{self.coverage:.1%} of {self.intervals:,} intervals of 90 % held")
        if self.shorter_coverage is not None:
            lines.append(
                f"of {self.long_intervals:,} of more than one number {self.shorter_coverage:.1%} would have held a piece shorter "
                "(over 95 %: longer than need be)"
            )
        return lines


class FeatureDrift(Struct, frozen=True):
    feature: str
    psi: float


class Drift(Struct, frozen=True):
    """The age of a version, and how far features of today's pairs lie from those of its training, the farthest first."""

    version: str
    trained_at: datetime
    age_days: float
    pairs: int
    features: list[FeatureDrift]

    def lines(self) -> list[str]:
        """In words: the age, and the features that have moved most."""
        moved = ", ".join(f"{one.feature} {one.psi:.2f}" for one in self.features[:SHOWN]) or "not known"
        return [f"{self.age_days:.1f} days old; drift of {self.pairs:,} pairs since (over 0.25: a lot): {moved}"]
