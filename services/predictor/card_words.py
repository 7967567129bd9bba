"""A card's texts by language. English stands where they are said; every other language is one file, `locales/LANGUAGE.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.services.shared.http.accept import preferred_language

LOCALES: Final = Path(__file__).parent / "locales"
SOURCE: Final = "en"


def _read(path: Path) -> Mapping[str, str]:
    return tomllib.loads(path.read_text("utf-8"))


_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {path.stem: _read(path) for path in sorted(LOCALES.glob("*.toml"))}


@dataclass(frozen=True, slots=True)
class Say:
    """Says a text in a language, with values in place of its {names}."""

    language: str = SOURCE

    def __call__(self, text: str, **values: object) -> str:
        said = _TEXTS.get(self.language, {}).get(text, text)
        return said.format(**values) if values else said


ENGLISH: Final = Say()


def group_words(say: Say, group: str) -> str:
    """A group of rows, as the trainer names it in a table of coverage."""
    if found := re.fullmatch(r"product with (.+) order lines", group):
        return say("product with {range} order lines", range=_range_words(say, found[1]))
    if found := re.fullmatch(r"(.+) pieces expected", group):
        return say("{range} pieces expected", range=_range_words(say, found[1]))
    return say(group)


def _range_words(say: Say, words: str) -> str:
    if found := re.fullmatch(r"under (\S+)", words):
        return say("under {high}", high=found[1])
    if found := re.fullmatch(r"(\S+) or more", words):
        return say("{low} or more", low=found[1])
    if found := re.fullmatch(r"(\S+) to (\S+)", words):
        return say("{low} to {high}", low=found[1], high=found[2])
    return words


def say_to(accepted: str) -> Say:
    """In the language that a header Accept-Language prefers of those that there are, else in English."""
    return Say(preferred_language(accepted, {SOURCE, *_TEXTS}, SOURCE))
