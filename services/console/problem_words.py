"""Why a service refused, in the reader's language: titles and details by the catalogue; a detail that is no data stays English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ordercast.client.errors import ProblemAnswer
from ordercast.services.console.sentences import words_of
from ordercast.services.console.words import Words

# Those that whoever reads pages meets; a test holds them against the catalogue of problems.
TITLES: Final[Mapping[str, Words]] = {
    words.text: words
    for words in (
        Words("The body cannot be read"),
        Words("The request is not valid"),
        Words("A valid access token is needed"),
        Words("Not allowed"),
        Words("Not Found"),
        Words("The body is too large"),
        Words("Too many requests"),
        Words("Something went wrong on our side"),
        Words("Something that this needs is not there"),
        Words("The service is not ready"),
        Words("The account does not exist"),
        Words("Email or nickname are taken"),
        Words("There is no such account"),
        Words("Somebody else changed the account"),
        Words("The account is blocked"),
        Words("An admin has to be left"),
        Words("The account was erased"),
        Words("The account cannot log in"),
        Words("The new password is too weak"),
        Words("The password is wrong"),
        Words("The log-in failed"),
        Words("The code is not valid"),
        Words("Too many log-ins have failed"),
        Words("The account logs in too often"),
        Words("There is no such API key"),
        Words("The API key is good no more"),
        Words("The account may do nothing with this scope"),
        Words("The account has too many API keys"),
        Words("There is no such product"),
        Words("The SKU is taken"),
        Words("Somebody else changed the product"),
        Words("There is no such review"),
        Words("The review is another's"),
        Words("Only who ordered a product may review it"),
        Words("The product was reviewed before"),
        Words("The period is not valid"),
        Words("A product does not exist"),
        Words("A product is not sold at present"),
        Words("An order has one currency"),
        Words("The cursor is not valid"),
        Words("There is no such order"),
        Words("The order can no longer be changed"),
        Words("The order has no such line"),
        Words("Less is left than is to be cancelled"),
        Words("The first request is still running"),
        Words("Too many requests wait"),
        Words("Others write the same orders"),
        Words("The server cannot keep what it would report"),
        Words("Kafka takes no events at present"),
        Words("Kafka does not take the event"),
        Words("Too many views"),
        Words("There is no such event type"),
        Words("There is no such dead letter"),
        Words("The dead letter cannot be sent again"),
        Words("The worker would refuse it again"),
        Words("The model version is damaged"),
        Words("There is no such model version"),
        Words("No model is served yet"),
        Words("The question cannot be answered"),
        Words("The activity was not read yet"),
        Words("Too many questions about the past"),
        Words("Too many batches wait"),
        Words("There is no feature row"),
        Words("The training is too large"),
        Words("Too many trainings wait"),
        Words("There is no such training"),
        Words("The training has ended"),
    )
}


@dataclass(frozen=True, slots=True)
class Said:
    """A problem: its title, and what the service says beyond it, which may be nothing. `words` say the detail, where there are any;
    then `fields` are what is wrong with which field, as the service says it."""

    title: Words
    detail: str
    words: Words | None = None
    fields: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else str(self.title)


def said_of(problem: ProblemAnswer) -> Said | str:
    """As text where there are no words for its title, such as of a later release."""
    title = TITLES.get(problem.title)
    if title is None:
        return str(problem)
    beyond = str(problem).removeprefix(problem.title).removeprefix(":").strip()
    if not problem.detail:
        return Said(title, beyond.removeprefix("(").removesuffix(")"))
    return Said(title, beyond, words_of(problem.because), beyond.removeprefix(problem.detail).strip())
