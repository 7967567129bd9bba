"""Which of several media types or languages a request prefers, by `Accept` and `Accept-Language` (RFC 9110, 12.5.1 and 12.5.4)."""

import re
from collections.abc import Container, Sequence
from typing import Final

_QUALITY: Final = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The offered type (lower case, as `text/csv`) of the highest quality; of equal ones, and if none is accepted, the first.

    The most specific range decides on a type. Parameters of a range other than `q` are not looked at, and a range with a `q` that
    is no quality counts as not sent.
    """
    qualities = _qualities(accept) or {"*/*": 1.0}
    return max(offered, key=lambda media: _quality_of(media, qualities))


def preferred_language(accepted: str, known: Container[str], usual: str) -> str:
    """The known language (lower case, as `ko`) of the highest quality; of equal ones the first in the header, and the usual one
    if none is accepted. Regions are not looked at: `ko-KR` is `ko`."""
    by_quality = sorted(_qualities(accepted).items(), key=lambda one: -one[1])
    languages = (usual if name == "*" else name.partition("-")[0] for name, quality in by_quality if quality > 0)
    return next((language for language in languages if language in known), usual)


def _qualities(accept: str) -> dict[str, float]:
    """Range (lower case) -> quality; the highest, if it is sent twice."""
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((value for value in map(_quality_in, parameters) if value is not None), "1")
        if media and _QUALITY.fullmatch(quality):
            found[media] = max(found.get(media, 0.0), float(quality))
    return found


def _quality_in(parameter: str) -> str | None:
    name, _, value = parameter.partition("=")
    return value.strip() if name.strip() == "q" else None


def _quality_of(media: str, qualities: dict[str, float]) -> float:
    ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
    return next((qualities[one] for one in ranges if one in qualities), 0.0)
