"""What goes in at /trends."""

import re
from datetime import date, time
from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# As trends are kept.
_TIME: Final = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)", re.ASCII)


@cache
def _zones() -> frozenset[str]:
    """By name; made once, since it looks at each file of the database of time zones. `localtime` is a machine's own, whichever."""
    return frozenset(available_timezones() - {"localtime"})


def _parse_date(value: object) -> object:
    # pydantic alone would take "20240101" for seconds since 1970.
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2024-12-31")
    return value


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be a time zone by its IANA name, such as Europe/Berlin")
    return name


def _parse_time(value: object) -> object:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time on a quarter of an hour, such as 14:30")
    return time.fromisoformat(value)


# Both ends leave room for the days beside them, in any zone.
Day = Annotated[date, BeforeValidator(_parse_date), Field(ge=date(1970, 1, 1), le=date(9000, 1, 1))]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_parse_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$", "minLength": 5, "maxLength": 5}),
]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
