"""All kinds of problems, by slug: each has a page."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Final

from ordercast.services.shared.problem_types import (
    accounts,
    dead_letters,
    every_service,
    orders,
    predictions,
    products,
    views,
    webhooks,
)
from ordercast.services.shared.problem_types.problem_type import ProblemType

# Subject -> the module that has its kinds.
SUBJECTS: Final[Mapping[str, ModuleType]] = {
    "Every service": every_service,
    "Accounts, log-ins and API keys": accounts,
    "Products, reviews and trends": products,
    "Orders and imports": orders,
    "Views and the feed of events": views,
    "Webhooks": webhooks,
    "Dead letters": dead_letters,
    "Models, predictions and trainings": predictions,
}


def kinds_of(subject: ModuleType) -> Iterator[ProblemType]:
    return (value for value in vars(subject).values() if isinstance(value, ProblemType))


CATALOGUE: Final[Mapping[str, ProblemType]] = {
    kind.slug: kind for subject in SUBJECTS.values() for kind in kinds_of(subject)
}
