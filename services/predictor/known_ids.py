"""Whether an account and a product exist."""

from sqlalchemy import text

from ordercast.services.predictor.errors import NotYours, ProductNotFound
from ordercast.services.predictor.features import Pair
from ordercast.services.shared.db.engine import Sessions

_EXIST = text(
    "SELECT EXISTS (SELECT FROM accounts WHERE id = :account), EXISTS (SELECT FROM products WHERE id = :product)"
)


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
        raise NotYours(f"account {pair.account_id} is not yours or does not exist")
    if not product:
        raise ProductNotFound(f"there is no product {pair.product_id}")
