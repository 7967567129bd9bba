"""Times are read as the whole column is written."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.imports.columns.times import NoTime, TimeForm, find_time_form, read_time
from ordercast.imports.errors import Undecided

SEOUL, LONDON = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/London")
MONTH_FIRST = find_time_form(["12/13/2010 8:26"])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-04-05 21:06:21 +0400", "2026-04-05T17:06:21"),
        ("2026-04-05T21:06:21+04:00", "2026-04-05T17:06:21"),
        ("2026-04-05T21:06:21.5Z", "2026-04-05T21:06:21.500000"),
        ("2019-10-01 00:00:00 UTC", "2019-10-01T00:00:00"),
        ("1433221332117", "2015-06-02T05:02:12.117000"),
        ("1433221332", "2015-06-02T05:02:12"),
        ("2026-04-05", "2026-04-04T15:00:00"),
        ("2026.04.05 09:00", "2026-04-05T00:00:00"),
        ("20260405 09:00", "2026-04-05T00:00:00"),
        ("12/1/2010 8:26", "2010-11-30T23:26:00"),
        ("12/1/10 8:26 PM", "2010-12-01T11:26:00"),
        ("12/1/2010 12:05 AM", "2010-11-30T15:05:00"),
        ("5 Apr 2026 09:00", "2026-04-05T00:00:00"),
        ("April 5, 2026 9:00 am", "2026-04-05T00:00:00"),
    ],
)
def test_a_time_is_read(text: str, utc: str) -> None:
    assert read_time(text, MONTH_FIRST, SEOUL) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2011-02-30 10:00",
        "13/13/2010",
        "25/12/2010",
        "12/1/2010 13:00 PM",
        "5",
        "0000-01-01 00:00",
        "0001-01-01 00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2016-12-31T23:59:60Z",
    ],
)
def test_what_is_no_time_says_so(text: str) -> None:
    with pytest.raises(NoTime, match="no-time"):
        read_time(text, MONTH_FIRST, SEOUL)


def test_of_an_hour_that_comes_twice_the_first_is_meant_and_one_left_out_is_refused() -> None:
    form = TimeForm(None, zoned=False)
    assert read_time("2011-10-30 01:30:00", form, LONDON) == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)
    with pytest.raises(NoTime, match="left-out-hour"):
        read_time("2011-03-27 01:30:00", form, LONDON)


@given(st.datetimes(timezones=st.just(UTC)), st.booleans())
def test_a_wall_time_is_read_in_the_order_that_is_told(time: datetime, dayfirst: bool) -> None:
    time = time.replace(microsecond=0, year=1990 + time.year % 100, day=min(time.day, 28))
    text = time.strftime("%d/%m/%Y %H:%M:%S" if dayfirst else "%m/%d/%Y %H:%M:%S")
    assert read_time(text, find_time_form([text], dayfirst), ZoneInfo("UTC")) == time


def test_one_telling_date_decides_the_order_for_the_column() -> None:
    assert find_time_form(["1/2/2010", "13/2/2010"]).dayfirst is True
    assert find_time_form(["1/2/2010", "2/13/2010"]).dayfirst is False
    assert find_time_form(["2010-01-02"]).dayfirst is None
    assert "13/2/2010, day before month" in str(find_time_form(["1/2/2010", "13/2/2010"]))


def test_dates_that_leave_the_order_open_are_not_guessed() -> None:
    with pytest.raises(Undecided, match="1/2/2010") as undecided:
        find_time_form(["1/2/2010", "2010-01-02"])
    assert "--dayfirst" in undecided.value.hint
    assert find_time_form(["1/2/2010"], dayfirst=True).dayfirst is True


def test_a_column_says_whether_all_of_its_times_have_a_zone() -> None:
    assert find_time_form(["2026-04-05 21:06:21 +0400", "1433221332117"]).zoned
    assert not find_time_form(["2026-04-05 21:06:21 +0400", "2026-04-05 21:06:21"]).zoned
