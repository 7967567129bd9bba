"""Two versions side by side, from their manifests: what each field says in one and in the other."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from ordercast.client.errors import ClientError
from ordercast.client.model_answers import Model

# By the first part of a field's name. What is in none says the same as another field, or is too long to look at.
SECTIONS: Final = (
    ("recipe", ("recipe", "settings", "seed", "horizon_days", "weeks")),
    ("data", ("data",)),
    ("scores", ("metrics", "judgement", "questions", "warnings")),
    ("collapsed", ("diagnostics",)),
    ("made with", ("libraries", "machine")),
)
# Of a question and of the tables, those that say how it was made, and which networks answer a constant.
_OF_RECIPE: Final = frozenset(
    {"features", "heads", "hidden", "level", "members", "epochs", "batch_size", "learning_rate"}
)
_COLLAPSED: Final = frozenset({"collapsed", "collapsed_members", "trained_again"})
_LEFT_OUT: Final = frozenset({"average"})
# Characters of a value that a table shows.
WIDEST_VALUE: Final = 60


class NotComparable(ClientError):
    """Permanent: there is nothing to be said of these two versions side by side."""


class Field(Struct, frozen=True):
    """What one field says in the two versions; null where it is not there."""

    section: str
    name: str
    first: Any
    second: Any
    differs: bool

    @property
    def change(self) -> float | None:
        """Of a number that differs: by which share of the first."""
        numbers = (int, float)
        if self.differs and isinstance(self.first, numbers) and isinstance(self.second, numbers) and self.first:
            return float(self.second / self.first - 1)
        return None

    @property
    def texts(self) -> tuple[str, str]:
        """Both values to be read, cut to a table's width; of long lists what the other one does not have."""
        if isinstance(self.first, list) and isinstance(self.second, list) and self.differs:
            return _more_than(self.first, self.second), _more_than(self.second, self.first)
        return _text(self.first), _text(self.second)


class Comparison(Struct, frozen=True):
    """`differing` of all `fields` are not the same."""

    first: str
    second: str
    recipe: str
    differing: int
    fields: list[Field]


def compare(first: Model, second: Model) -> Comparison:
    """The fields of both manifests, by section.

    Raises:
        NotComparable: they are of different recipes, or the files of one cannot be read any more.
    """
    if first.recipe != second.recipe:
        raise NotComparable(
            f"{first.version} is of the recipe {first.recipe} and {second.version} of {second.recipe}: "
            "they answer different questions, so there is nothing to compare"
        )
    values = [dict(_flat("", _manifest_of(model))) for model in (first, second)]
    names = [*values[0], *(name for name in values[1] if name not in values[0])]
    fields = [
        Field(section, name, old, new, old != new)
        for name in names
        if (section := _section(name)) is not None
        for old, new in [tuple(value.get(name) for value in values)]
    ]
    order = [section for section, _ in SECTIONS]
    fields.sort(key=lambda field: order.index(field.section))
    return Comparison(first.version, second.version, first.recipe, sum(field.differs for field in fields), fields)


def _manifest_of(model: Model) -> dict[str, Any]:
    if model.manifest is None:
        raise NotComparable(f"the files of {model.version} are gone or damaged, so nothing can be said of it")
    return model.manifest


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Names with dots, and values; members of a list that have a name of their own are found by it."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        value = {item["name"]: {key: part for key, part in item.items() if key != "name"} for item in value}
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else key, part)
    else:
        yield name, value


def _section(name: str) -> str | None:
    *parts, last = name.split(".")
    if last in _LEFT_OUT:
        return None
    if last in _COLLAPSED:
        return "collapsed"
    if parts[:1] == ["diagnostics"]:
        return None
    if parts[:1] == ["questions"] and last in _OF_RECIPE:
        return "recipe"
    first = (parts or [last])[0]
    return next((section for section, beginnings in SECTIONS if first in beginnings), None)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        value = ", ".join(_text(item) for item in value) or "none"
    elif isinstance(value, dict):
        value = " ".join(_text(item) for item in value.values())
    text = str(value)
    return text if len(text) <= WIDEST_VALUE else f"{text[: WIDEST_VALUE - 3]}..."


def _more_than(own: list[Any], others: list[Any]) -> str:
    """Of a list of names what the other has not, so that one feature of thirty is seen."""
    only = [item for item in own if item not in others]
    return _text(own) if not only or len(own) < 5 else f"{len(own)}, of which only here: {_text(only)}"
