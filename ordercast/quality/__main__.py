"""`make quality`: prints the tables of opponents for the real file and writes QUALITY.md."""

import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Final

import psutil
from rich.console import Console

from ordercast.progress import bars
from ordercast.quality.online_retail import FILE
from ordercast.quality.questions import QUESTIONS, ask
from ordercast.quality.report import section

TARGET: Final = Path(__file__).parents[2] / "QUALITY.md"
HEAD: Final = """# Quality of predictions: what a model has to beat

Written by `make quality`. The history is UCI Online Retail (Chen, 2015; CC BY 4.0): December 2010 to December 2011, one shop. Each
answer learned from the time before the rows that it is judged on, from features that were known before each row's day
(`services/shared/demand/feature_list.py`). "More than the best" has the 95 % interval of a paired bootstrap by account, for
products by product. Learners are gradient boosting and Poisson regression of scikit-learn; boosting is tuned on the last fifth of
the moments that it may learn from.
"""
# How these rows differ from those of a table made by the minute.
NOTES: Final = """## How to read it

- Pairs and products by week: rows and pieces are those of the file's plain sums. Order lines: a row is what a pair ordered on a
  day, known at its start. Two invoices of a day are one row, and orders of the same day are not known yet.
- Quantities in features are held to the shop's own large ones, so the naive rows differ a little from plain sums; the price of a
  line itself is never known. Exponential smoothing is made to add up to one since the product's first order.
- The file does not say what a cancellation cancels. Taken off, it counts on its own day: an order that is taken back on that day
  is no order; one that is taken back later stays a line, and its pieces come off the pair's sums.
- Mae and deviance cannot both be won by one number: a median wins mae and loses the total. For pairs, "0 for everyone" has the
  best mae. Where one row is most of the unclipped deviance, squares would be decided by it alone.
"""


def main() -> None:
    """Runs all questions twice, with cancelled pieces left in and taken off."""
    if not FILE.exists():
        sys.exit(f"quality: the history of the real shop is not at {FILE}")
    started = monotonic()
    parts = [HEAD, f"{_machine()}\n", *_sections(Console(stderr=True)), NOTES]
    minutes = (monotonic() - started) / 60
    parts.append(f"It took {minutes:.1f} minutes.\n")
    text = "\n".join(parts)
    TARGET.write_text(text)
    sys.stdout.write(text)


def _sections(console: Console) -> Iterator[str]:
    steps = {
        question.name: question.steps + len(question.opponents) + len(question.probabilities) for question in QUESTIONS
    }
    with bars(console, {name: 2 * count for name, count in steps.items()}) as shown:
        for question in QUESTIONS:
            yield f"## {question.name}\n"
            for cancelled in (False, True):

                def advance(by: int, name: str = question.name) -> None:
                    shown.advance(name, by)

                yield section(question.name, ask(question, cancelled, advance), cancelled) + "\n"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    versions = f"scikit-learn {version('scikit-learn')}, numpy {version('numpy')}, Python {platform.python_version()}"
    load = os.getloadavg()[0]
    return (
        f"Machine: {os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GB, load {load:.1f} at the start. {versions}. "
        f"{datetime.now(UTC):%Y-%m-%d}."
    )


if __name__ == "__main__":
    main()
