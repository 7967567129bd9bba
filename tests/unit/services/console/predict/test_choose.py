"""Which of those that were found is meant."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ordercast.client import Client
from ordercast.client.account_answers import Account
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.page import Page
from ordercast.services.console.predict.choose import MOST_MATCHES, choose_account


def account(number: int, nickname: str, email: str | None = None) -> Account:
    return Account(number, email, nickname, "CUSTOMER", "PASSWORD")


def client_with(*found: Account, away: bool = False) -> Client:
    async def accounts(*, limit: int, **_: Any) -> Page[Account]:
        if away:
            raise ServiceUnreachable("nobody answers")
        return Page(list(found[:limit]), len(found) > limit)

    return cast("Client", SimpleNamespace(shop_pages=SimpleNamespace(accounts=accounts)))


ANN, ANNA, ANNE = account(1, "Ann", "a@x.example"), account(2, "anna"), account(3, "anne", "anne@x.example")


@pytest.mark.parametrize(
    ("search", "wanted", "meant"),
    [("anna", None, ANNA), ("ann", None, ANN), ("an", None, None), ("an", 3, ANNE), ("an", 99, None)],
)
async def test_meant_is_who_was_picked_or_is_called_so_in_full(
    search: str, wanted: int | None, meant: Account | None
) -> None:
    choice = await choose_account(client_with(ANN, ANNA, ANNE), search, wanted)
    assert choice.chosen == meant
    assert list(choice.matches) == [ANN, ANNA, ANNE]


async def test_the_only_one_is_meant_by_any_part_of_its_name() -> None:
    assert (await choose_account(client_with(ANNE), "nn", None)).chosen == ANNE


async def test_of_many_the_first_are_shown_and_that_there_are_more() -> None:
    choice = await choose_account(client_with(*(account(n, f"n{n}") for n in range(1, 40))), "n", None)
    assert (len(choice.matches), choice.more, choice.chosen) == (MOST_MATCHES, True, None)


async def test_nobody_found_and_nobody_answering_are_told_apart() -> None:
    assert (await choose_account(client_with(), "x", None)).found_nothing
    away = await choose_account(client_with(away=True), "x", None)
    assert away.missing is not None
    assert not away.found_nothing
