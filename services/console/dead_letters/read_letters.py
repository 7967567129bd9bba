"""Refused records: some of them, one of them, and what becomes of one as it was typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from ordercast.client import Client
from ordercast.client.dead_letter_answers import Checked, DeadLetter, Left, Outcome, WholeDeadLetter
from ordercast.client.page import Page
from ordercast.services.console.contract import ContractField, contract_fields
from ordercast.services.console.dead_letters.edit_letter import Typed
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask

# Rows of a page.
ROWS: Final = 25
# Reading them takes order_api connections to Kafka of their own (s).
KAFKA_DEADLINE_S: Final = 10.0
# Characters of a body that can be edited here: a longer one would make a heavy page.
MOST_EDITED: Final = 30_000

Act = Literal["replay", "discard"]
Step = Literal["check", "ask", "send"]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    as_of: datetime
    page: Page[DeadLetter] | Missing


@dataclass(frozen=True, slots=True)
class Tried:
    """What a dry run says of some; `failed` is why the act itself was not done."""

    outcome: Outcome | Missing
    failed: Missing | None = None

    @property
    def status(self) -> int:
        return next((part.status for part in (self.failed, self.outcome) if isinstance(part, Missing)), 200)


@dataclass(frozen=True, slots=True)
class OneDeadLetter:
    """As it is typed, with what the contract and the worker say of that. `tried`: of what was typed. `failed` is why it was not
    sent or tried; `sent`, if it was."""

    as_of: datetime
    letter: WholeDeadLetter
    typed: Typed
    checked: Checked
    tried: bool = False
    failed: Missing | None = None
    sent: bool = False

    @property
    def may_edit(self) -> bool:
        letter = self.letter
        return letter.state == "waiting" and letter.is_text and len(letter.body) <= MOST_EDITED

    @property
    def is_taken(self) -> bool:
        return self.failed is None and self.checked.refusal is None

    @property
    def fields(self) -> Sequence[ContractField]:
        return contract_fields(self.letter.contract)


async def read_letters(client: Client, state: str | None, starting_after: str | None) -> DeadLetters:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    found = client.dead_letters.page(state=state, limit=ROWS, starting_after=starting_after)
    return DeadLetters(datetime.now(UTC), await ask("order_api", found, within_s=KAFKA_DEADLINE_S))


async def try_act(client: Client, act: Act, ids: Sequence[str], failed: Missing | None = None) -> Tried:
    """With which of them it would be done: some may not be there, or wait no more."""
    api = client.dead_letters
    tried = api.replay(ids, dry_run=True) if act == "replay" else api.discard(ids, dry_run=True)
    return Tried(await ask("order_api", tried, within_s=KAFKA_DEADLINE_S), failed)


async def read_letter(client: Client, dead_letter_id: str) -> OneDeadLetter | Missing:
    letter = await ask("order_api", client.dead_letters.one(dead_letter_id), within_s=KAFKA_DEADLINE_S)
    if isinstance(letter, Missing):
        return letter
    return OneDeadLetter(datetime.now(UTC), letter, Typed.of(letter), letter.check)


async def try_letter(client: Client, dead_letter_id: str, typed: Typed, step: Step) -> OneDeadLetter | Missing:
    """Sends it as it was typed if that is the step, else only says what would be."""
    found = await read_letter(client, dead_letter_id)
    if isinstance(found, Missing):
        return found
    letter, sends = found.letter, step == "send"
    answer = await ask(
        "order_api",
        client.dead_letters.replay_one(
            dead_letter_id,
            body=typed.changed_body(letter),
            headers=typed.changed_headers(letter),
            dry_run=not sends,
        ),
        within_s=ACTION_DEADLINE_S,
    )
    if isinstance(answer, Missing):
        return OneDeadLetter(found.as_of, letter, typed, found.checked, failed=answer)
    return OneDeadLetter(found.as_of, letter, typed, answer, tried=True, sent=sends)


def done_with(dead_letter_id: str) -> Outcome:
    """As of many, where it was one."""
    return Outcome([dead_letter_id], list[Left]())
