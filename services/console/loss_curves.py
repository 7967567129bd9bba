"""Losses of the networks of a training by epoch, as curves to be drawn; those that answer a constant are marked."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
    """`points` of its line, one for each stretch without a gap. `last` is None where it was no finite number."""

    number: int
    collapsed: bool
    points: Sequence[str]
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class LossCurves:
    """Of one question: `epoch` of `epochs` are behind it. `marked`: whether it is known by now which networks answer a constant."""

    question: str
    epoch: int
    epochs: int
    least: float
    most: float
    marked: bool
    networks: Sequence[Network]

    @property
    def collapsed(self) -> list[int]:
        return [network.number for network in self.networks if network.collapsed]


def curves_so_far(recipe: str, epochs: int, told: Mapping[int, Losses]) -> list[LossCurves]:
    """Of a training under way, from what it told of its epochs, which count on from question to question; each takes `epochs`."""
    questions = LEARNED_IN_ORDER if recipe == DEMAND else (VIEWS,)
    found = []
    for place, question in enumerate(questions):
        before = place * epochs
        own = {epoch - before: losses for epoch, losses in told.items() if before < epoch <= before + epochs}
        if own:
            found.append(_curves(question, epochs, own, None))
    return found


def curves_of(manifest: Mapping[str, Any]) -> list[LossCurves]:
    """Of a version, from its manifest; none of one that kept none."""
    kept = manifest.get("diagnostics") or {}
    by_question = {VIEWS: kept} if "curves" in kept else {question: kept[question] for question in kept}
    return [_of_version(question, tables) for question, tables in by_question.items() if tables]


def _of_version(question: str, tables: Mapping[str, Any]) -> LossCurves:
    curves = tables["curves"]
    by_epoch = dict(zip(curves["epochs"], zip(*curves["loss"], strict=True), strict=True))
    return _curves(question, max(by_epoch, default=0), by_epoch, tables.get("collapsed") or ())


def _curves(question: str, epochs: int, losses: Mapping[int, Losses], collapsed: Collection[int] | None) -> LossCurves:
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
        networks.append(Network(member + 1, is_collapsed, stretches, values[0], values[-1]))
    return LossCurves(question, max(losses, default=0), epochs, least, most, collapsed is not None, networks)


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
