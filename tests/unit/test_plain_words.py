"""No word of pydantic's reaches who types values."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, TypeAdapter, ValidationError
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.plain_words import plain_words

Text = Annotated[str, AfterValidator(str.strip), StringConstraints(min_length=8, max_length=9)]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Text, "1234", "must have 8 characters at least"),
        (Text, "1234567890", "must have 9 characters at most"),
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have 1 entries at most"),
        (Annotated[float, Field(le=0.99)], 95, "must be 0.99 at most: a share, as 95 percent is 0.95"),
        (Annotated[int, Field(ge=1)], 0, "must be 1 at least"),
        (Annotated[int, Field(gt=0)], 0, "must be more than 0"),
        (Annotated[int, Field(lt=10)], 10, "must be less than 10"),
        (int, "1,505", "must be a whole number, such as 7"),
        (int, 1.5, "must be a whole number, such as 7"),
        (float, "x", "must be a number, such as 0.5"),
        (UUID, "x", "must be an id, such as 0199c2f1-7d3a-7000-8000-000000000001"),
        (datetime, "yesterday", "must be a time, such as 2026-11-20T09:30:00Z"),
        (date, "yesterday", "must be a day, such as 2026-11-20"),
        (AwareDatetime, "2026-11-20T09:30:00", "must have a zone, such as 2026-11-20T09:30:00Z"),
        (bool, "x", "must be a valid boolean, unable to interpret input"),
    ],
)
def test_what_is_wrong_is_said_plainly(kind: Any, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(value)
    assert plain_words(found.value.errors()[0]["msg"]) == said


def test_what_somebody_wrote_stays() -> None:
    assert plain_words("Value error, the day is over") == "the day is over"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("forecast", "--as-of", "20.11.2026"),
            "'20.11.2026' is no day: write the year, the month and the day, such as 2026-11-20",
        ),
        (("audit", "list", "--since", "yesterday"), "must be a time, such as 2026-11-20T09:30:00Z"),
        (("train", "--seed", "1,505"), "must be a whole number, such as 7"),
        (("trainings", "show", "1"), "must be an id, such as"),
    ],
)
def test_the_commands_say_so_too(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, [*arguments], terminal_width=200)
    assert result.exit_code == 2
    told = " ".join(result.stderr.replace("│", " ").split())
    assert said in told
    assert "Input should" not in told
