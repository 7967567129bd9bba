"""The end of a program that cannot do its work: one line that says why."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.services.shared.process.errors import CannotStart

# What a shell expects of a program that Ctrl-C ended.
EXIT_INTERRUPTED: Final = 130


@contextmanager
def exit_with_reason(name: str, *expected: type[Exception]) -> Iterator[None]:
    """Ends the process with status 1 and one line on stderr at CannotStart, errors whose text is for the user, and expected ones.

    Ctrl-C needs no words: whoever pressed it knows.
    """
    reasons: tuple[type[Exception], ...] = (CannotStart, ActionableError, *expected)
    try:
        yield
    except reasons as error:
        hint = error.hint if isinstance(error, ActionableError) else ""
        sys.exit(f"{name}: {first_line(error)}" + (f" ({hint})" if hint else ""))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
