"""What the forms of the models' page send, and what its questions are asked with."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import StringConstraints

from ordercast.services.console.log_in.schemas import Form
from ordercast.services.console.schemas import NONE_IF_EMPTY

_PATTERN = r"^[A-Za-z0-9._-]+$"
Version = Annotated[str, Path(pattern=_PATTERN, max_length=64)]
_Asked = Annotated[str, Query(pattern=_PATTERN, max_length=64)]
AfterVersion = Annotated[
    Annotated[str, StringConstraints(pattern=_PATTERN, max_length=64)] | None, NONE_IF_EMPTY, Query()
]
Recipe = Literal["baseline", "demand"]


class UnpinForm(Form):
    recipe: Recipe = "demand"


@dataclass(frozen=True, slots=True)
class CompareQuestion:
    """Two versions; with `all` also what is the same in both."""

    first: _Asked
    second: _Asked
    all: Literal["true", "false"] = "false"
