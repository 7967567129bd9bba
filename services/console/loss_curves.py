"""Losses of the networks of a training by epoch, as curves to be drawn; those that answer a constant are marked."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ordercast.client.training_answers import Networks
from ordercast.contracts.demand_manifest import DEMAND, LEARNED_IN_ORDER

# Of the picture, in its own units; and what stays free above and below, so that no line is cut off.
WIDTH: Final = 400
HEIGHT: Final = 140
_MARGIN: Final = 4
# The question of what is not `demand`.
VIEWS: Final = "views"

Losses = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Network:
    """`points` of its line, one for each stretch without a gap. `last` is None where it was no finite number. `again`: whether it
    was trained again from another start."""

    number: int
    collapsed: bool
    again: bool
    points: Sequence[str]
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class LossCurves:
    """Of one question: `epoch` of `epochs` are behind it. `marked`: whether it is known by now which networks answer a constant.

    `kept`: the lines are a version's own; else those of networks that were trained again are of their first start. `attempt` of
    `attempts` of that is under way; 0: none.
    """

    question: str
    epoch: int
    epochs: int
    least: float
    most: float
    marked: bool
    networks: Sequence[Network]
    kept: bool
    attempt: int
    attempts: int

    @property
    def collapsed(self) -> list[int]:
        return [network.number for network in self.networks if network.collapsed]

    @property
    def again(self) -> list[int]:
        return [network.number for network in self.networks if network.again]


def curves_so_far(
    recipe: str, epochs: int, told: Mapping[int, Losses], networks: Sequence[Networks] | None = None
) -> list[LossCurves]:
    """Of a training, from what it told of its epochs, which count on from question to question; each takes `epochs`. `networks`
    are what is known of each question's by now."""
    looked = {each.question: each for each in networks or ()}
    questions = LEARNED_IN_ORDER if recipe == DEMAND else (VIEWS,)
    found = []
    for place, question in enumerate(questions):
        before = place * epochs
        own = {epoch - before: losses for epoch, losses in told.items() if before < epoch <= before + epochs}
        if own:
            known = looked.get(question)
            found.append(_curves(question, epochs, own, known.collapsed if known else None, known))
    return found


def curves_of(manifest: Mapping[str, Any], networks: Sequence[Networks] | None = None) -> list[LossCurves]:
    """Of a version, from its manifest; none of one that kept none. `networks`: what its training told of them."""
    looked = {each.question: each for each in networks or ()}
    kept = manifest.get("diagnostics") or {}
    by_question = {VIEWS: kept} if "curves" in kept else {question: kept[question] for question in kept}
    return [_of_version(question, tables, looked.get(question)) for question, tables in by_question.items() if tables]


def _of_version(question: str, tables: Mapping[str, Any], looked: Networks | None) -> LossCurves:
    curves = tables["curves"]
    by_epoch = dict(zip(curves["epochs"], zip(*curves["loss"], strict=True), strict=True))
    return _curves(question, max(by_epoch, default=0), by_epoch, tables.get("collapsed") or (), looked, kept=True)


def _curves(
    question: str,
    epochs: int,
    losses: Mapping[int, Losses],
    collapsed: Collection[int] | None,
    looked: Networks | None,
    *,
    kept: bool = False,
) -> LossCurves:
    finite = [loss for of_epoch in losses.values() for loss in of_epoch if loss is not None]
    least, most = min(finite, default=0.0), max(finite, default=0.0)
    members = max((len(of_epoch) for of_epoch in losses.values()), default=0)

    def place(epoch: int, loss: float) -> str:
        along = (epoch - 1) / max(epochs - 1, 1)
        up = (loss - least) / (most - least) if most > least else 0.5
        return f"{along * WIDTH:.1f},{HEIGHT - _MARGIN - up * (HEIGHT - 2 * _MARGIN):.1f}"

    networks = []
    for member in range(members):
        own = [(epoch, losses[epoch][member] if member < len(losses[epoch]) else None) for epoch in sorted(losses)]
        values = [loss for _, loss in own]
        stretches = [" ".join(place(*point) for point in stretch) for stretch in _stretches(own)]
        is_collapsed = collapsed is not None and member in collapsed
        again = looked is not None and member in looked.trained_again
        networks.append(Network(member + 1, is_collapsed, again, stretches, values[0], values[-1]))
    attempt, attempts = (looked.attempt, looked.attempts) if looked else (0, 0)
    marked = collapsed is not None
    return LossCurves(question, max(losses, default=0), epochs, least, most, marked, networks, kept, attempt, attempts)


def _stretches(points: Sequence[tuple[int, float | None]]) -> Iterator[list[tuple[int, float]]]:
    """What lies between gaps."""
    stretch: list[tuple[int, float]] = []
    for epoch, loss in points:
        if loss is not None and math.isfinite(loss):
            stretch.append((epoch, loss))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch
