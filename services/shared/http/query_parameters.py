"""Refuses query parameters that a route does not know, or that come twice: one that is ignored, a filter with a typing mistake or a
second value, gives the wrong rows.

For the routes that services bring. Health and metrics take whatever comes: probes and scrapers add parameters of their own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant

from ordercast.services.shared.http.problem import FieldError, Problem
from ordercast.services.shared.problem_types.every_service import INVALID_REQUEST

# Names that an answer lists: enough to find a mistake, and short for a query of a thousand of them.
MAX_NAMED: Final = 10


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency.

    Raises:
        Problem: 422, with the parameter, and those that the route knows.
    """
    if not request.scope["query_string"]:
        return
    known = list(dict.fromkeys(_query_parameters(request.scope["route"].dependant)))
    given = Counter(name for name, _ in request.query_params.multi_items())
    unknown = f"is not known here; {_listed(known)}"
    wrong = {name: unknown for name in given if name not in known}
    wrong |= {name: "may be given once" for name, times in given.items() if times > 1 and name in known}
    if wrong:
        # Names are the client's own: a long one is cut.
        errors = [FieldError(name[:100], message) for name, message in islice(wrong.items(), MAX_NAMED)]
        raise Problem(INVALID_REQUEST, errors=errors)


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    """A route's own parameters and those of its dependencies, by their names in a query."""
    for parameter in dependant.query_params:
        yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _listed(known: Sequence[str]) -> str:
    return f"known are {', '.join(known)}" if known else "this takes no query parameters"
