"""Whether accounts and products exist."""

from collections.abc import Sequence

from sqlalchemy import text

from ordercast.contracts.because import sentence
from ordercast.services.predictor.errors import NotYours, ProductNotFound
from ordercast.services.predictor.features import Pair
from ordercast.services.shared.db.engine import Sessions

_ACCOUNT_EXISTS = text("SELECT EXISTS (SELECT FROM accounts WHERE id = :account)")
# The first id of each that is not there.
_MISSING = text(
    "SELECT (SELECT asked FROM unnest(CAST(:accounts AS bigint[])) AS asked"
    " WHERE NOT EXISTS (SELECT FROM accounts WHERE id = asked) LIMIT 1),"
    " (SELECT asked FROM unnest(CAST(:products AS bigint[])) AS asked"
    " WHERE NOT EXISTS (SELECT FROM products WHERE id = asked) LIMIT 1)"
)


async def expect_account(sessions: Sessions, account_id: int) -> None:
    """Raises NotYours: there is no such account."""
    async with sessions() as session:
        if not (await session.execute(_ACCOUNT_EXISTS, {"account": account_id})).scalar_one():
            raise _no_account(account_id)


async def expect_existing(sessions: Sessions, pairs: Sequence[Pair]) -> None:
    """One statement, by keys, however many they are.

    Raises:
        NotYours: there is no such account.
        ProductNotFound: there is no such product.
    """
    accounts, products = ({pair[place] for pair in pairs} for place in (0, 1))
    async with sessions() as session:
        asked = {"accounts": sorted(accounts), "products": sorted(products)}
        account, product = (await session.execute(_MISSING, asked)).one()
    if account is not None:
        raise _no_account(account)
    if product is not None:
        raise ProductNotFound(sentence("no-product", product=str(product)))


def _no_account(account_id: int) -> NotYours:
    """It says the same of an account that is somebody else's."""
    return NotYours(sentence("not-your-account", account=str(account_id)))
