"""What pydantic says of a value, in words for whoever typed it."""

import re
from typing import Final

_LIMIT: Final = r"(?P<limit>-?[0-9.]+(?:e[+-]?[0-9]+)?)"
_PATTERNS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Input should be a valid integer.*", "must be a whole number, such as 7"),
        (r"Input should be a valid number.*", "must be a number, such as 0.5"),
        (rf"Input should be less than or equal to {_LIMIT}", "must be {limit} at most"),
        (rf"Input should be greater than or equal to {_LIMIT}", "must be {limit} at least"),
        (rf"Input should be less than {_LIMIT}", "must be less than {limit}"),
        (rf"Input should be greater than {_LIMIT}", "must be more than {limit}"),
        (r"(?:String|Value) should have at least 1 (?:item|character).*", "must not be empty"),
        (r"List should have at least (?P<limit>\d+) item.*", "must have {limit} entries at least"),
        (r"List should have at most (?P<limit>\d+) item.*", "must have {limit} entries at most"),
        (
            r"(?:String|Value) should have at least (?P<limit>\d+) (?:item|character).*",
            "must have {limit} characters at least",
        ),
        (
            r"(?:String|Value) should have at most (?P<limit>\d+) (?:item|character).*",
            "must have {limit} characters at most",
        ),
        (
            r"(?P<said>.+) does not match the formats? '%Y-%m-%d'\.?",
            "{said} is no day: write the year, the month and the day, such as 2026-11-20",
        ),
        (r"Input should be a valid datetime.*", "must be a time, such as 2026-11-20T09:30:00Z"),
        (r"Input should be a valid date.*", "must be a day, such as 2026-11-20"),
        (r"Input should have timezone info", "must have a zone, such as 2026-11-20T09:30:00Z"),
        (r"Input should be a valid UUID.*", "must be an id, such as 0199c2f1-7d3a-7000-8000-000000000001"),
        (r"Input should be (?P<said>.+)", "must be {said}"),
    )
)


def plain_words(message: str) -> str:
    """A message as it is, where it says nothing of pydantic's."""
    message = message.removeprefix("Value error, ")
    for pattern, words in _PATTERNS:
        if found := pattern.fullmatch(message):
            said = words.format_map(found.groupdict())
            return f"{said}: a share, as 95 percent is 0.95" if _is_share(found.groupdict().get("limit")) else said
    return message


def _is_share(limit: str | None) -> bool:
    """What may be no more than a number below one, or no less than one, is a share of one."""
    return limit is not None and 0 < float(limit) < 1
