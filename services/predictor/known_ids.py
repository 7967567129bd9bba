"""Whether accounts and products exist."""

from sqlalchemy import text

from ordercast.services.predictor.errors import NotYours, ProductNotFound
from ordercast.services.predictor.features import Pair
from ordercast.services.shared.db.engine import Sessions

_EXIST = text(
    "SELECT EXISTS (SELECT FROM accounts WHERE id = :account), EXISTS (SELECT FROM products WHERE id = :product)"
)
_ACCOUNT_EXISTS = text("SELECT EXISTS (SELECT FROM accounts WHERE id = :account)")


async def expect_account(sessions: Sessions, account_id: int) -> None:
    """Raises NotYours: there is no such account."""
    async with sessions() as session:
        if not (await session.execute(_ACCOUNT_EXISTS, {"account": account_id})).scalar_one():
            raise _no_account(account_id)


async def expect_existing(sessions: Sessions, pair: Pair) -> None:
    """One statement, by two keys.

    Raises:
        NotYours: there is no such account.
        ProductNotFound: there is no such product.
    """
    async with sessions() as session:
        account, product = (
            await session.execute(_EXIST, {"account": pair.account_id, "product": pair.product_id})
        ).one()
    if not account:
        raise _no_account(pair.account_id)
    if not product:
        raise ProductNotFound(f"there is no product {pair.product_id}")


def _no_account(account_id: int) -> NotYours:
    """It says the same of an account that is somebody else's."""
    return NotYours(f"account {account_id} is not yours or does not exist")
