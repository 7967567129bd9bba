"""The steps of the demo that train `demand`, ask it about weeks that it does not know, and compare that with what is true."""

import csv
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from ordercast.client.demand_answers import Forecast, PairNumbers
from ordercast.client.follow_training import follow_training, until_served
from ordercast.client.training_answers import Training
from ordercast.demo.judge_answers import Standing, rate_so_far, standings, table
from ordercast.demo.market_steps import (
    HORIZON_WEEKS,
    WEEKS_ASKED,
    Ints,
    Pairs,
    SentMarket,
    known_pairs,
    true_of_pairs,
    true_of_products,
)
from ordercast.demo.story import StepFailed, Story
from ordercast.progress import member_bars
from ordercast.sample.market.noise_floor import pair_noise_floor, product_noise_floor
from ordercast.sample.market.parameters import Floats, extra_pieces
from ordercast.system.access import Access

# Pairs that are asked about, drawn from all that are known if there are more: as many as one request takes.
PAIRS_ASKED: Final = 10_000
LEVEL: Final = 0.9
# By which share of the noise floor `demand` may be above it. It is told, not demanded: a small shop teaches less.
AIM: Final = 0.10
DEMAND: Final = "demand"
BASELINE: Final = "baseline, as it was trained above"


@dataclass(frozen=True, slots=True)
class AskedPairs:
    """What was answered of pairs, beside what is true of them; arrays and answers in one order."""

    pairs: Pairs
    answers: Sequence[PairNumbers]
    baseline: Floats
    truth: Floats
    true_line: Floats
    standing: list[Standing]

    @property
    def expected(self) -> Floats:
        return np.array([answer.expected_quantity for answer in self.answers])

    @property
    def held(self) -> Ints:
        """1 where the interval holds what was ordered."""
        return np.array(
            [
                answer.interval.low <= ordered <= answer.interval.high
                for answer, ordered in zip(self.answers, self.pairs.ordered.tolist(), strict=True)
            ],
            np.int64,
        )


@dataclass(frozen=True, slots=True)
class AskedProducts:
    """`forecasts` by the place of the product; `truth` and `ordered` are (products, weeks) of all the year and after."""

    forecasts: Mapping[int, Forecast]
    truth: Floats
    ordered: Floats
    standing: list[Standing]


async def train_demand(access: Access, sent: SentMarket, story: Story, **changes: int | str) -> Training:
    """Trains the recipe `demand` on what was known before the market's moment, and tells what became of it. `changes` stand in
    place of the recipe's own values.

    Raises:
        StepFailed: it did not succeed, or its model was not good enough to be published.
    """
    await access.expect("trainer")
    story.say(
        f"Nothing from {sent.moment} on is used: what is said of the {WEEKS_ASKED} weeks from then on is compared with the truth."
    )
    began = time.monotonic()
    started = await access.admin.trainer.start(DEMAND, until=sent.moment.isoformat(), **changes)
    with member_bars(story.console) as progress:
        training = await follow_training(access.admin.trainer, started.id, progress.show, progress.wait)
    if training.status != "succeeded":
        raise StepFailed(f"the training {training.status}: {training.error}")
    if training.model_version is None:
        hint = ""
        if training.because is not None and training.because.code == "serving-knows-more":
            hint = "the demo looks at a past day: give it a folder of its own, ordercast demo --state FOLDER"
        raise StepFailed(f"no model was published: {training.verdict_reason}", hint=hint)
    story.say(f"{training.model_version} in {time.monotonic() - began:.1f} s, published: {training.verdict_reason}")
    return training


async def ask_pairs(
    access: Access, sent: SentMarket, training: Training, seed: int, story: Story, *, most: int = PAIRS_ASKED
) -> AskedPairs:
    """Asks what accounts will order of products in the four weeks from the moment on, and `baseline` the same.

    Raises:
        StepFailed: an answer is not that of the version just trained.
    """
    await access.expect("predictor")
    assert training.model_version is not None  # noqa: S101 - of a training that published one
    await until_served(access.admin.predictor, training.model_version, DEMAND)
    history, week = sent.history, sent.first_week
    known = known_pairs(history, week)
    count = min(most, len(known.pair))
    asked = known.only(np.sort(np.random.default_rng(seed).choice(len(known.pair), count, replace=False)))
    answers = await _pair_answers(access, sent, asked, training.model_version)
    baseline = await access.admin.predictor.predict_views(asked.views.tolist())
    by_views = np.array([prediction.quantity for prediction in baseline.data])
    all_true = true_of_pairs(history, week)
    truth, line = all_true[asked.pair], 1 + extra_pieces(history.market)[asked.pair]
    said = {
        DEMAND: np.array([answer.expected_quantity for answer in answers]),
        "the pair's own rate so far goes on": rate_so_far(known.pieces, week, HORIZON_WEEKS)[
            np.searchsorted(known.pair, asked.pair)
        ],
        "the same for all": np.full(count, known.pieces.mean() / week * HORIZON_WEEKS),
        BASELINE: by_views,
    }
    floor = pair_noise_floor(history.market, week, week + HORIZON_WEEKS)[asked.pair]
    found = AskedPairs(asked, answers, by_views, truth, line, standings(truth, floor, said))
    _tell_pairs(found, training, story)
    return found


def _tell_pairs(found: AskedPairs, training: Training, story: Story) -> None:
    story.say(f"Pieces that an account orders of a product within 28 days, {len(found.answers):,} pairs:")
    for line in table(found.standing):
        story.say(line)
    ordered = found.pairs.ordered > 0
    held = found.held
    story.say(
        f"  Intervals for {LEVEL:.0%} held what was ordered for {held.mean():.1%} of the pairs; "
        f"of the {ordered.sum():,} that ordered, for {held[ordered].mean():.1%}."
    )
    lines = np.array([answer.next_line_quantity for answer in found.answers])
    demand, baseline, mean = (
        float(np.abs(said - found.true_line).mean()) for said in (lines, found.baseline, found.true_line.mean())
    )
    story.say(
        f"Pieces of a pair's next order line, which is what `baseline` is about: {DEMAND} is {demand:.2f} pieces off what is true, "
        f"baseline {baseline:.2f}, the same (right) mean for all {mean:.2f}."
    )


async def _pair_answers(access: Access, sent: SentMarket, asked: Pairs, version: str) -> Sequence[PairNumbers]:
    accounts, products = sent.account_ids[asked.account].tolist(), sent.product_ids[asked.product].tolist()
    found = await access.admin.predictor.demand_of_pairs(
        zip(accounts, products, strict=True), level=LEVEL, as_of=sent.moment - timedelta(days=1)
    )
    if found.model_version != version:
        raise StepFailed(f"{found.model_version} answered, not {version}")
    return found.data


async def ask_products(access: Access, sent: SentMarket, story: Story) -> AskedProducts:
    """Asks what will be ordered of each product in the eight weeks from the moment on."""
    as_of = sent.moment - timedelta(days=1)
    page = await access.admin.predictor.forecasts(
        weeks=WEEKS_ASKED, level=LEVEL, as_of=as_of, limit=5_000, sort="-expected"
    )
    place = {product_id: number for number, product_id in enumerate(sent.product_ids.tolist())}
    forecasts = {place[one.product_id]: one for one in page.data if one.product_id in place}
    history, week = sent.history, sent.first_week
    truth = true_of_products(history)
    ordered = np.array([history.kept_pieces(product) for product in range(len(sent.product_ids))], float)
    products, weeks = np.array(sorted(forecasts)), slice(week, week + WEEKS_ASKED)
    said = np.array([[one.expected for one in forecasts[product].weeks] for product in products.tolist()])
    before = ordered[products, :week]
    answers = {
        DEMAND: said,
        "the mean of the last 8 weeks goes on": _each_week(before[:, -8:].mean(axis=1)),
        "the last week goes on": _each_week(before[:, -1]),
        "the mean of all weeks goes on": _each_week(before.mean(axis=1)),
    }
    floor = product_noise_floor(history.market, week, week + WEEKS_ASKED)[products]
    standing = standings(
        truth[products, weeks].ravel(), floor.ravel(), {name: one.ravel() for name, one in answers.items()}
    )
    found = AskedProducts(forecasts, truth, ordered, standing)
    low, high = (
        np.array([[getattr(one, side) for one in forecasts[product].weeks] for product in products.tolist()])
        for side in ("low", "high")
    )
    came = ordered[products, weeks]
    story.say(
        f"Pieces of a product by week, {WEEKS_ASKED} weeks of {len(products)} products (baseline has no answer to that):"
    )
    for line in table(standing):
        story.say(line)
    story.say(f"  Intervals for {LEVEL:.0%} held {((low <= came) & (came <= high)).mean():.1%} of the weeks.")
    return found


def _each_week(mean: Floats) -> Floats:
    return np.repeat(mean[:, None], WEEKS_ASKED, axis=1)


def write_pairs(path: Path, found: AskedPairs) -> None:
    """A CSV file with a line for each pair.

    Raises:
        OSError: it cannot be written.
    """
    heading = (
        "accountId",
        "productId",
        "orderProbability",
        "expected",
        "low",
        "high",
        "true",
        "ordered",
        "viewCount",
        "baseline",
    )
    pairs = found.pairs
    columns = (found.truth.round(4), pairs.ordered, pairs.views, found.baseline.round(4))
    rows = zip(found.answers, *(column.tolist() for column in columns), strict=True)
    _write(
        path,
        heading,
        (
            (
                answer.account_id,
                answer.product_id,
                round(answer.order_probability, 4),
                round(answer.expected_quantity, 4),
                answer.interval.low,
                answer.interval.high,
                *others,
            )
            for answer, *others in rows
        ),
    )


def write_forecasts(path: Path, sent: SentMarket, found: AskedProducts) -> None:
    """A CSV file with a line for each product and week.

    Raises:
        OSError: it cannot be written.
    """
    heading = ("sku", "startsOn", "expected", "low", "high", "true", "ordered", "stockForAllWeeks")
    rows = []
    for product, forecast in sorted(found.forecasts.items()):
        for number, week in enumerate(forecast.weeks, start=sent.first_week):
            true, ordered = found.truth[product, number], int(found.ordered[product, number])
            said: tuple[date, float, int, int] = (week.starts_on, round(week.expected, 2), week.low, week.high)
            rows.append((forecast.sku, *said, round(float(true), 2), ordered, forecast.stock))
    _write(path, heading, rows)


def _write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)
