"""What goes in at /trends."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _parse_date(value: object) -> object:
    # pydantic alone would take "20240101" for seconds since 1970.
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2024-12-31")
    return value


Day = Annotated[date, BeforeValidator(_parse_date), Field(ge=date(1970, 1, 1))]
