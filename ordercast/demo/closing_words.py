"""What the demo has shown, in plain words, and what to try next."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ordercast.demo.demand_steps import AIM, BASELINE, DEMAND, AskedPairs, AskedProducts
from ordercast.demo.judge_answers import TRUTH, Standing
from ordercast.demo.market_steps import SentMarket
from ordercast.system.target import LocalSystem, Target


@dataclass(slots=True)
class Shown:
    """What of the demo's end came about; what was left out is None."""

    sent: SentMarket | None = None
    pairs: AskedPairs | None = None
    products: AskedProducts | None = None

    def standings(self) -> dict[str, list[Standing]]:
        """How far each answer is from the truth, by question."""
        asked = {"pairs": self.pairs, "products": self.products}
        return {question: found.standing for question, found in asked.items() if found}


def closing_words(shown: Shown, target: Target) -> list[str]:
    """Lines to be read. Commands are as they have to be typed for this system."""
    lines = []
    if shown.pairs and shown.products:
        lines += ["", "What was shown", *_of_pairs(shown.pairs.standing), *_of_products(shown.products.standing)]
    if shown.sent and shown.products:
        lines += ["", "What to try next", *_commands(shown.sent, target)]
    return lines


def _of_pairs(standing: list[Standing]) -> list[str]:
    demand, baseline = (next(one for one in standing if one.name == name) for name in (DEMAND, BASELINE))
    naive = min((one for one in standing if one.name not in (TRUTH, DEMAND, BASELINE)), key=lambda one: one.deviance)
    reached = "within" if demand.over_floor <= AIM else "more than"
    return [
        "  What an account will order of a product in four weeks: nobody can be below the noise floor, which is the error of the",
        "  truth itself.",
        f"  `demand` is {demand.over_floor:.1%} above it: {reached} the {AIM:.0%} aimed at.",
        f"  The best answer without learning, {naive.name!r}, is {naive.over_floor:.1%} above it.",
        f"  `baseline` is {baseline.over_floor:,.0%} above it. It says how many pieces an order has, if there is one:",
        f"  read as demand, that is {baseline.said:,.0f} times as much as will be ordered.",
    ]


def _of_products(standing: list[Standing]) -> list[str]:
    demand = next(one for one in standing if one.name == DEMAND)
    naive = min((one for one in standing if one.name not in (TRUTH, DEMAND)), key=lambda one: one.deviance)
    return [
        f"  For a product's week `demand` is {demand.over_floor:.1%} above the noise floor, {naive.name!r} {naive.over_floor:.1%}.",
    ]


def _commands(sent: SentMarket, target: Target) -> list[str]:
    day_before, end = sent.moment - timedelta(days=1), sent.history.market.until
    where = _options_of(target)
    return [
        *_start(target),
        f"  ordercast forecast --weeks 8 --as-of {day_before}{where}",
        f"  ordercast train --recipe demand --until {end}{where}",
        f"  ordercast models list{where}",
        *_own_shop(target),
    ]


def _own_shop(target: Target) -> list[str]:
    """A model that learned from the demo's orders, too, knows little of a shop's own. A system of somebody else's is theirs."""
    if not isinstance(target, LocalSystem):
        return []
    beside = target.folder.root.with_name(f"{target.folder.root.name}-shop")
    shown = os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else beside
    return [
        f"  ordercast up --state {shown}   (for your own shop: a state without these samples, once this one is stopped;",
        "  then docs/your-data.md, with the same --state)",
    ]


def _start(target: Target) -> list[str]:
    """How to start the system again, which may have been stopped with the demo; somebody else's runs."""
    if not isinstance(target, LocalSystem):
        return []
    offset = f" --port-offset {target.info.port_offset}" if target.info.port_offset else ""
    return [
        f"  ordercast up{_options_of(target)}{offset}   (in another terminal, unless the system runs already)",
        f"  {target.info.urls['console']}   (in a browser, while it runs; docs/console.md says who may log in)",
    ]


def _options_of(target: Target) -> str:
    """What names this system; nothing if it is that of the folder which commands work on anyway."""
    if not isinstance(target, LocalSystem):
        return f" --against {target.addresses.order_api}"
    return target.folder.option
