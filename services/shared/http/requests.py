"""What all request bodies have in common."""

from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# The largest identity that PostgreSQL's bigint holds.
MAX_ID: Final = 2**63 - 1


class RequestModel(BaseModel):
    """A request body: unknown fields are refused, and nothing is converted ("5" and 5.0 are no integers)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character NUL")
    return text


# Text that PostgreSQL can hold: it refuses the character NUL.
StoredText = Annotated[str, AfterValidator(_without_nul)]
# A name, a SKU: one line, without blanks around it.
Line = Annotated[
    StoredText, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")
]

# An identity in a path. Beyond bigint it cannot exist; refusing it here keeps it out of SQL.
PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
