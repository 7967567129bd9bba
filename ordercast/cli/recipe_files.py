"""A recipe in a TOML file, as far as it can be judged without the trainer, which checks its values."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, Final

from ordercast.cli.options import CommandFailed
from ordercast.contracts.limits import MAX_BIGINT
from ordercast.first_line import first_line

# The built-in recipe with all its values is 3 KB.
MOST_BYTES: Final = 64 * 1024


def read_recipe_file(file: Path) -> dict[str, Any]:
    """The file's document.

    Raises:
        CommandFailed: it cannot be read, is no TOML, is empty or too long, or has a value that JSON has no form for.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise CommandFailed(f"{file} is no recipe: it is longer than {MOST_BYTES >> 10} KiB")
        document = tomllib.loads(content.decode("utf-8-sig"))
        unfit = next(_what_json_lacks("recipe", document), None)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror or first_line(error)}") from error
    except RecursionError as error:
        raise CommandFailed(f"{file} is no recipe: it is nested too deeply") from error
    except ValueError as error:  # what the decoder and the parser raise; also for a number of thousands of digits
        raise CommandFailed(f"{file} is no recipe: {first_line(error)}") from error
    if not document:
        raise CommandFailed(f"{file} is no recipe: it is empty, and a recipe has a name at least")
    if unfit:
        raise CommandFailed(f"{file} is no recipe: {unfit}")
    return document


def _what_json_lacks(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _what_json_lacks(f"{key}.{name}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _what_json_lacks(key, each)
    elif isinstance(value, date | time):
        yield f"{key} must be no date or time, as {value} is"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{key} must be a finite number, not {value}"
    elif isinstance(value, int) and not -MAX_BIGINT <= value <= MAX_BIGINT:
        yield f"{key} must be a number of at most 64 bits"
