"""What is answered about records that the worker refused."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

DEAD_LETTER_NOT_FOUND: Final = ProblemType(
    "dead-letter-not-found",
    404,
    "There is no such dead letter",
    "None of the last 2,000 records in the topic of dead letters, or of those that have 64 MB, has this id.",
    "Ask `GET /dead-letters` for the ids; `ordercast dead-letters list` shows the older ones, too.",
)
DEAD_LETTER_NOT_WAITING: Final = ProblemType(
    "dead-letter-not-waiting",
    409,
    "The dead letter cannot be sent again",
    "It was replayed, discarded or counted already, or its record was too large to be kept whole.",
    "Nothing has to be done, unless `detail` says that it was too large: then write it whole, with its headers.",
)
REFUSED_AGAIN: Final = ProblemType(
    "refused-again",
    409,
    "The worker would refuse it again",
    "The record, as it would be sent, is still no event that the worker takes. Nothing was sent.",
    "`errors` names the fields that differ from the contract: change them, and look with `dry_run` first.",
)
