"""How old the programs are that come inside packages: no list of vulnerabilities of packages knows them."""

import re
from datetime import date, timedelta
from typing import Final

_JAVA: Final = re.compile(r'version "[^"]+" (\d{4}-\d\d-\d\d)')
_POSTGRESQL: Final = re.compile(r"\(PostgreSQL\) (\d+)\.(\d+)")
# PostgreSQL repairs all majors on the second Thursday of these months; a major's first release is in the September before.
_REPAIR_MONTHS: Final = (2, 5, 8, 11)
_FIRST_MAJOR_YEAR: Final = 2007  # of the major 0: 18 came in 2025


def java_age(version: str, today: date) -> str:
    """The first line of `java -version`, with the age of the release that it names."""
    if (found := _JAVA.search(version)) is None:
        return version
    return f"{version}: {(today - date.fromisoformat(found[1])).days} days old"


def postgresql_age(version: str, today: date) -> str:
    """What `postgres --version` says, with how many of its major's releases of repairs have come since: at least so many, because
    some come in between."""
    if (found := _POSTGRESQL.search(version)) is None:
        return version
    major, minor = int(found[1]), int(found[2])
    came = sum(date(_FIRST_MAJOR_YEAR + major, 9, 1) < day <= today for day in _repair_days(today.year, major))
    return f"{version}: {_missed(max(0, came - minor))}"


def _repair_days(until_year: int, major: int) -> list[date]:
    years = range(_FIRST_MAJOR_YEAR + major, until_year + 1)
    return [_second_thursday(year, month) for year in years for month in _REPAIR_MONTHS]


def _second_thursday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 7)


def _missed(releases: int) -> str:
    if not releases:
        return "no release of repairs is known to have come since"
    return f"at least {releases} release{'s' * (releases > 1)} of repairs came since"
