"""How a file writes times: ISO, day or month first, names of months, or seconds since 1970."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from ordercast.contracts.because import sentence
from ordercast.imports.errors import Undecided

_CLOCK: Final = (
    r"(?:[T, ]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|[+-]\d{2}))?)?"
)
_YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})" + _CLOCK)
_YEAR_LAST: Final = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})" + _CLOCK)
_COMPACT: Final = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})" + _CLOCK)
_MONTH_NAME: Final = r"(?P<name>[A-Za-z]{3,9})\.?"
_NAMED: Final = (
    re.compile(r"(?P<day>\d{1,2})[ -]" + _MONTH_NAME + r"[ -](?P<year>\d{4})" + _CLOCK),
    re.compile(_MONTH_NAME + r" (?P<day>\d{1,2}),? (?P<year>\d{4})" + _CLOCK),
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Digits of a time since 1970 between 2001 and 2286, and how many there are in a second.
_EPOCH: Final = {10: 1, 13: 1_000, 16: 1_000_000}
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeForm:
    """`zoned`: every time says its zone. `dayfirst` is None where no time leaves that open."""

    dayfirst: bool | None
    zoned: bool
    example: str = ""

    def __str__(self) -> str:
        order = {None: "", True: ", day before month", False: ", month before day"}[self.dayfirst]
        return f"times such as {self.example}{order}" if self.example else "no times"


class NoTime(Exception):
    """Why a text is not taken as a time: `code` is that of a sentence about a `name`."""

    def __init__(self, code: str = "no-time") -> None:
        super().__init__(code)
        self.code = code


def find_time_form(values: Iterable[str], dayfirst: bool | None = None) -> TimeForm:
    """Looks at all values of a column; `dayfirst` is what the user says.

    Raises:
        Undecided: nothing tells the day from the month.
    """
    first_over_12 = second_over_12 = open_ones = 0
    zoned, example, telling = True, "", ""
    for value in values:
        zoned = zoned and _is_zoned(value)
        example = example or value
        if (match := _YEAR_LAST.fullmatch(value)) is None:
            continue
        open_ones += 1
        if int(match["a"]) > 12 or int(match["b"]) > 12:
            telling = telling or value
        first_over_12 += int(match["a"]) > 12
        second_over_12 += int(match["b"]) > 12
    if not open_ones:
        return TimeForm(None, zoned, example)
    if dayfirst is None and first_over_12 == second_over_12:
        raise Undecided(sentence("day-or-month-first", example=example), hint=sentence("say-day-or-month"))
    found = dayfirst if dayfirst is not None else first_over_12 > second_over_12
    return TimeForm(found, zoned, telling or example)


@lru_cache(maxsize=50_000)  # many rows have the same time
def read_time(text: str, form: TimeForm, zone: ZoneInfo | None) -> datetime:
    """The time in UTC. Without a zone of its own it is the wall clock's of `zone`: of an hour that comes twice, the first.

    Raises:
        NoTime: it is none, or lies in the hour that summer time leaves out.
    """
    if len(text) in _EPOCH and text.isdecimal():
        return _EPOCH_START + timedelta(microseconds=int(text) * 1_000_000 // _EPOCH[len(text)])
    wall, own_zone = _parts(text, form)
    if own_zone is not None:
        return _utc(wall.replace(tzinfo=own_zone))
    if zone is None:
        raise NoTime("time-without-zone")
    time = _utc(wall.replace(tzinfo=zone))
    if time.astimezone(zone).replace(tzinfo=None) != wall:
        raise NoTime("left-out-hour")
    return time


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        raise NoTime from None


def _is_zoned(text: str) -> bool:
    if len(text) in _EPOCH and text.isdecimal():
        return True
    match = _match(text)
    return match is None or match["zone"] is not None  # what is no time is refused anyway


def _match(text: str) -> re.Match[str] | None:
    for pattern in (_YEAR_FIRST, _YEAR_LAST, _COMPACT, *_NAMED):
        if match := pattern.fullmatch(text):
            return match
    return None


def _parts(text: str, form: TimeForm) -> tuple[datetime, timezone | None]:
    match = _match(text)
    if match is None:
        raise NoTime
    found = match.groupdict()
    if "a" in found:
        day, month = (found["a"], found["b"]) if form.dayfirst else (found["b"], found["a"])
    else:
        day, month = found["day"], found.get("month") or _month_of(found["name"])
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    fraction = int((found["fraction"] or "0").ljust(6, "0")[:6])
    clock = int(found["minute"] or 0), int(found["second"] or 0), fraction
    try:
        return datetime(year, int(month), int(day), _hour(found), *clock), _zone(found["zone"])  # noqa: DTZ001
    except ValueError:
        raise NoTime from None


def _month_of(name: str) -> int:
    short = name[:3].lower()
    if short not in _MONTHS:
        raise NoTime
    return _MONTHS.index(short) + 1


def _hour(found: dict[str, str | None]) -> int:
    hour = int(found["hour"] or 0)
    if found["half"] is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if found["half"] in "pP" else 0)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    digits = text.removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ("", "Z"):
        return UTC
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5] or 0))
    return timezone(-offset if digits[0] == "-" else offset)
