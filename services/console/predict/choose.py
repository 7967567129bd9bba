"""Finds the account and the product that somebody means by a part of their names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ordercast.client import Client
from ordercast.client.account_answers import Account
from ordercast.client.order_answers import Product
from ordercast.client.page import Page
from ordercast.services.console.parts import Missing, ask

# To choose from; whoever is not among them is found by more of the name.
MOST_MATCHES: Final = 10

Found = TypeVar("Found", Account, Product)


@dataclass(frozen=True, slots=True)
class Choice(Generic[Found]):
    """What was looked for, what has it in its names, and which one is meant, if that is clear. `more`: there are others."""

    search: str
    matches: Sequence[Found] = ()
    chosen: Found | None = None
    more: bool = False
    missing: Missing | None = None

    @property
    def found_nothing(self) -> bool:
        return bool(self.search) and not self.matches and self.missing is None


async def choose_account(client: Client, search: str, account_id: int | None) -> Choice[Account]:
    if search:
        found = await ask("order_api", client.shop_pages.accounts(limit=MOST_MATCHES, search=search))
        return _choice(search, found, account_id, lambda one: (one.email, one.nickname, one.account_ref))
    if account_id is None:
        return Choice(search)
    known = await ask("order_api", client.order_api.account(account_id))
    return Choice("", missing=known) if isinstance(known, Missing) else Choice("", [known], known)


async def choose_product(client: Client, search: str, product_id: int | None) -> Choice[Product]:
    if search:
        found = await ask("order_api", client.shop_pages.products(limit=MOST_MATCHES, search=search))
        return _choice(search, found, product_id, lambda one: (one.sku, one.name))
    if product_id is None:
        return Choice(search)
    known = await ask("order_api", client.order_api.product(product_id))
    return Choice("", missing=known) if isinstance(known, Missing) else Choice("", [known], known)


def _choice(
    search: str, found: Page[Found] | Missing, wanted: int | None, names: Callable[[Found], tuple[str | None, ...]]
) -> Choice[Found]:
    """Meant is the one that was picked, else the only one, else the only one that is called so in full."""
    if isinstance(found, Missing):
        return Choice(search, missing=found)
    matches = found.data
    called_so = [one for one in matches if search.casefold() in [(name or "").casefold() for name in names(one)]]
    for candidates in ([one for one in matches if one.id == wanted], matches, called_so):
        if len(candidates) == 1:
            return Choice(search, matches, candidates[0], found.has_more)
    return Choice(search, matches, None, found.has_more)
