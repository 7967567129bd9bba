"""Recipes of `demand`: the built-in one, and those that somebody wrote, checked value by value.

A written recipe names what it has in place of the built-in one's values; errors name the key, as `recipe.pair.layers`.
"""

import itertools
import re
import reprlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ordercast.contracts.demand_manifest import DEFAULT_HORIZON, DEMAND, HORIZONS, QUESTIONS, Head, Question
from ordercast.contracts.demand_settings import DemandSettings, QuestionSettings
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.trainer.errors import BadRecipe

# The features, each a log(1 + pieces), of which the networks of a question correct the first one that a recipe has: one that was
# written for a release before knows no `curve_level`.
LEVELS: Final[Mapping[Question, tuple[str, ...]]] = {
    "pair": ("pair_level",),
    "line": ("pair_level",),
    "product": ("curve_level", "level"),
}
_QUANTILES: Final[tuple[Head, ...]] = ("median", "low", "high")
HEADS: Final[Mapping[Question, tuple[Head, ...]]] = {
    "pair": ("order", "mean", *_QUANTILES),
    "line": ("mean", *_QUANTILES),
    "product": ("mean", *_QUANTILES),
}
_PAIR: Final = names(PAIR_FEATURES)
DEMAND_SETTINGS: Final = DemandSettings(
    name=DEMAND,
    horizon_days=DEFAULT_HORIZON,
    members=10,
    epochs=8,
    batch_size=1024,
    learning_rate=2e-3,
    weight_decay=1e-4,
    pair=QuestionSettings(_PAIR, (64, 32), {"order": 1.0, "mean": 0.3, "median": 1.0, "low": 1.0, "high": 1.0}),
    line=QuestionSettings(_PAIR, (64, 32), {"mean": 0.1, "median": 1.0, "low": 1.0, "high": 1.0}),
    product=QuestionSettings(names(PRODUCT_FEATURES), (64, 32), {"mean": 1.0, "median": 1.0, "low": 1.0, "high": 1.0}),
    blend=True,
)

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
# Names that mean something else; one that collides with them would be another recipe under the same name.
RESERVED: Final = frozenset({"baseline", DEMAND})
# Bounds of whole numbers and of decimals by key. Beyond them it is a mistake: members and epochs multiply the time, the batch the
# memory, and a step of AdamW with a rate over 1 diverges.
WHOLE: Final[Mapping[str, tuple[int, int]]] = {"members": (1, 100), "epochs": (1, 10_000), "batch_size": (1, 4_096)}
DECIMAL: Final[Mapping[str, tuple[float, float]]] = {"learning_rate": (1e-6, 1.0), "weight_decay": (0.0, 1.0)}
MOST_LAYERS: Final = 6
MOST_UNITS: Final = 512
# Characters of an unknown key that its error shows.
MOST_SHOWN: Final = 80
LEAST_WEIGHT: Final = 1e-3
MOST_WEIGHT: Final = 100.0
# Bytes of a question's networks: half of what a predictor loads of one file.
MOST_BYTES: Final = 16 << 20
# Multiplications that a question's training may come to, members x epochs x rows x weights of a network: some hours on two
# cores. The built-in recipe needs 1e11 for 150,000 rows.
MOST_WORK: Final = 2e13


def written_recipe(document: Mapping[str, Any]) -> DemandSettings:
    """The recipe that somebody wrote, with the built-in one's values where it has none.

    Raises:
        BadRecipe: an unknown key, feature or loss, a value of another type or out of bounds, or a name that is taken.
    """
    known = DemandSettings.__struct_fields__
    _refuse_unknown("recipe", document, known)
    questions = {question: _question(question, document.get(question, {})) for question in QUESTIONS}
    values: dict[str, Any] = {
        key: _whole(f"recipe.{key}", document[key], *WHOLE[key]) for key in WHOLE if key in document
    }
    values |= {key: _decimal(f"recipe.{key}", document[key], *DECIMAL[key]) for key in DECIMAL if key in document}
    if "horizon_days" in document:
        values["horizon_days"] = document["horizon_days"]
        if type(document["horizon_days"]) is not int or document["horizon_days"] not in HORIZONS:
            raise _bad(
                "recipe.horizon_days", f"must be one of {', '.join(map(str, HORIZONS))}", document["horizon_days"]
            )
    if "blend" in document:
        values["blend"] = document["blend"]
        if type(document["blend"]) is not bool:
            raise _bad("recipe.blend", "must be true or false", document["blend"])
    made = msgspec.structs.replace(DEMAND_SETTINGS, name=_name(document), **values, **questions)
    for question in QUESTIONS:
        if (size := 4 * made.members * weights(getattr(made, question))) > MOST_BYTES:
            key = f"recipe.{question}.layers"
            raise BadRecipe(
                key, f"{key}: {made.members} networks of these layers are {size >> 20} MB, at most {MOST_BYTES >> 20}"
            )
    return made


def weights(question: QuestionSettings) -> int:
    """At most so many weights has one network: each feature may have a flag for "unknown", and weeks ahead are an input, too."""
    units = (2 * len(question.features) + 1, *question.layers, len(question.losses))
    return sum((before + 1) * after for before, after in itertools.pairwise(units))


def refuse_too_much_work(question: Question, settings: DemandSettings, rows: int) -> None:
    """Raises BadRecipe where so many rows would take far longer than anybody waits."""
    network = weights(getattr(settings, question))
    work = settings.members * settings.epochs * rows * network
    if work > MOST_WORK:
        raise BadRecipe(
            "recipe",
            f"{question}: members x epochs x rows ({settings.members:,} x {settings.epochs:,} x {rows:,}) with {network:,} weights"
            f" a network are {work:.1e} steps, at most {MOST_WORK:.0e}: ask for fewer epochs or members, or smaller layers",
        )


def _name(document: Mapping[str, Any]) -> str:
    if "name" not in document:
        raise BadRecipe("recipe.name", "recipe.name is missing: each recipe of your own has one")
    name = document["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _bad("recipe.name", "must be up to 40 small letters, digits and hyphens, a letter first", name)
    if name in RESERVED:
        raise BadRecipe("recipe.name", f"recipe.name: {name!r} is built in; give your recipe another name")
    return name


def _question(question: Question, document: Any) -> QuestionSettings:
    built_in: QuestionSettings = getattr(DEMAND_SETTINGS, question)
    key = f"recipe.{question}"
    if not isinstance(document, Mapping):
        raise _bad(key, "must be a table of features, layers and losses", document)
    _refuse_unknown(key, document, QuestionSettings.__struct_fields__)
    return QuestionSettings(
        _features(question, document.get("features", built_in.features)),
        _layers(f"{key}.layers", document.get("layers", built_in.layers)),
        built_in.losses | _losses(question, document.get("losses", {})),
    )


def _features(question: Question, asked: Any) -> tuple[str, ...]:
    key, known = f"recipe.{question}.features", getattr(DEMAND_SETTINGS, question).features
    if not isinstance(asked, list | tuple) or not all(isinstance(name, str) for name in asked):
        raise _bad(key, "must be a list of names", asked)
    for name in asked:
        if name not in known:
            raise _bad(key, f"must be of these: {', '.join(known)}", name)
        if asked.count(name) > 1:
            raise BadRecipe(key, f"{key}: {name} stands there twice")
    if not any(level in asked for level in LEVELS[question]):
        raise BadRecipe(key, f"{key} must hold {' or '.join(LEVELS[question])}: the networks correct it")
    return tuple(name for name in known if name in asked)


def _layers(key: str, asked: Any) -> tuple[int, ...]:
    if not isinstance(asked, list | tuple) or not 1 <= len(asked) <= MOST_LAYERS:
        raise _bad(key, f"must be a list of 1 to {MOST_LAYERS} numbers of units", asked)
    return tuple(_whole(key, units, 1, MOST_UNITS) for units in asked)


def _losses(question: Question, asked: Any) -> dict[str, float]:
    key = f"recipe.{question}.losses"
    if not isinstance(asked, Mapping):
        raise _bad(key, f"must be a table of weights of {', '.join(HEADS[question])}", asked)
    _refuse_unknown(key, asked, HEADS[question])
    return {head: _decimal(f"{key}.{head}", weight, LEAST_WEIGHT, MOST_WEIGHT) for head, weight in asked.items()}


def _refuse_unknown(key: str, document: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in document:
        if name not in known:
            where = f"{key}.{name[:MOST_SHOWN]}"
            raise BadRecipe(where, f"{where}: there is no such key; known are: {', '.join(known)}")


def _whole(key: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _bad(key, f"must be a whole number from {least:,} to {most:,}", value)
    return value


def _decimal(key: str, value: Any, least: float, most: float) -> float:
    if type(value) not in (int, float) or not least <= value <= most:
        raise _bad(key, f"must be a number from {least:g} to {most:g}", value)
    return float(value)


def _bad(key: str, rule: str, value: Any) -> BadRecipe:
    return BadRecipe(key, f"{key} {rule}, not {reprlib.repr(value)}")
