from datetime import date

import pytest

from ordercast.infra.local.program_ages import java_age, postgresql_age


def test_javas_version_names_its_day() -> None:
    line = 'openjdk version "25.0.2" 2026-01-20 LTS'
    assert java_age(line, date(2026, 2, 19)) == f"{line}: 30 days old"
    assert java_age("another program", date(2026, 2, 19)) == "another program"


@pytest.mark.parametrize(
    ("today", "missed"),
    [
        # 18.0 came in September 2025, and repairs on 13 November, 12 February and 14 May.
        (date(2026, 5, 13), "no release of repairs is known to have come since"),
        (date(2026, 5, 14), "at least 1 release of repairs came since"),
        (date(2026, 11, 26), "at least 3 releases of repairs came since"),
    ],
)
def test_postgresql_has_repairs_four_times_a_year(today: date, missed: str) -> None:
    assert postgresql_age("postgres (PostgreSQL) 18.2", today) == f"postgres (PostgreSQL) 18.2: {missed}"
