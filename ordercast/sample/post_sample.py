"""Sends a sample to a running system, through its HTTP API, as its accounts and an admin would.

Each order is a request, and so a transaction, of its own. Keys make the same sample with the same seed count once when it is
sent again within a day.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ordercast.client import Client
from ordercast.client.account_answers import Account
from ordercast.client.errors import ProblemAnswer
from ordercast.client.order_answers import Product
from ordercast.sample.make_sample import Sample, SampleAccount, SampleOrder, SampleProduct, nickname_candidates
from ordercast.sample.work_together import for_each

CONFLICT: Final = 409
# Orders under way at once: what the connections allow.
ORDERS_AT_ONCE: Final = 64
# Accounts and products under way at once: hashing a password keeps a core busy.
SIGN_UPS_AT_ONCE: Final = 4

Advance = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class OrderFailure:
    """An order of the sample (by its number) that the API refused."""

    number: int
    reason: str


@dataclass(slots=True)
class PostedSample:
    """What is in the system now; ids stand in the order of the sample's accounts and products."""

    account_ids: list[int] = field(default_factory=list)
    product_ids: list[int] = field(default_factory=list)
    orders: int = 0
    views: int = 0
    # Pieces ordered, by product id.
    quantities: dict[int, int] = field(default_factory=dict)
    failures: list[OrderFailure] = field(default_factory=list)


def totals(sample: Sample) -> dict[str, float]:
    """How much there is to do in each of the parts that `advance` hears of."""
    return {
        "accounts": len(sample.accounts),
        "products": len(sample.products),
        "views": len(sample.accounts) * len(sample.products),
        "orders": sample.order_count,
    }


async def post_sample(
    anonymous: Client, admin: Client, sample: Sample, *, password: str, advance: Advance = lambda _what, _by: None
) -> PostedSample:
    """Makes the accounts (or logs in to those that are there), the products, the views and the orders.

    `advance` is told of progress in "accounts", "products", "views" (pairs) and "orders".

    Raises:
        ProblemAnswer: an account is there with another password, or a product or a batch of views is refused.
        ServiceUnreachable: a service stays away.
    """
    posted = PostedSample()
    customers = await _accounts(anonymous, sample, password, posted, advance)
    await _products(admin, sample, posted, advance)
    await _views(customers, sample, posted, advance)
    await _orders(customers, sample, posted, advance)
    return posted


async def _accounts(
    anonymous: Client, sample: Sample, password: str, posted: PostedSample, advance: Advance
) -> list[Client]:
    customers: dict[int, Client] = {}
    accounts: dict[int, Account] = {}

    async def enter(numbered: tuple[int, SampleAccount]) -> None:
        number, account = numbered
        await _sign_up(anonymous, account, password)
        customers[number] = await anonymous.log_in(account.email, password)
        accounts[number] = await customers[number].order_api.me()
        advance("accounts", 1)

    await for_each(enumerate(sample.accounts), enter, at_once=SIGN_UPS_AT_ONCE)
    posted.account_ids = [accounts[number].id for number in sorted(accounts)]
    return [customers[number] for number in sorted(customers)]


async def _sign_up(anonymous: Client, account: SampleAccount, password: str) -> None:
    """Makes the account with the first nickname that is free; one with this email may be there already."""
    for nickname in nickname_candidates(account.nickname):
        try:
            await anonymous.order_api.sign_up(account.email, nickname, password)
        except ProblemAnswer as problem:
            if problem.status != CONFLICT:
                raise
            if "email" in problem.fields:
                return
        else:
            return


async def _products(admin: Client, sample: Sample, posted: PostedSample, advance: Advance) -> None:
    there: dict[str, Product] = {product.sku: product async for product in admin.order_api.products()}

    async def register(product: SampleProduct) -> None:
        if product.sku not in there:
            there[product.sku] = await admin.order_api.create_product(
                product.sku, product.name, product.price, product.currency
            )
        advance("products", 1)

    await for_each(sample.products, register, at_once=SIGN_UPS_AT_ONCE)
    posted.product_ids = [there[product.sku].id for product in sample.products]


async def _views(customers: list[Client], sample: Sample, posted: PostedSample, advance: Advance) -> None:
    """One batch for each account: the sample has fewer products than a batch has lines."""
    for number, (customer, counts) in enumerate(zip(customers, sample.views, strict=True), start=1):
        lines = [
            {"product_id": product_id, "count": count}
            for product_id, count in zip(posted.product_ids, counts, strict=True)
        ]
        answer = await customer.order_api.add_views(lines, key=f"sample-{sample.mode}-{sample.seed}-views-{number}")
        posted.views += answer.accepted
        advance("views", len(lines))


async def _orders(customers: list[Client], sample: Sample, posted: PostedSample, advance: Advance) -> None:
    async def place(order: SampleOrder) -> None:
        items = [(posted.product_ids[item.product], item.quantity) for item in order.items]
        key = f"sample-{sample.mode}-{sample.seed}-order-{order.number}"
        try:
            await customers[order.account].order_api.place_order(items, key=key)
        except ProblemAnswer as problem:
            posted.failures.append(OrderFailure(order.number, str(problem)))
        else:
            posted.orders += 1
            for product_id, quantity in items:
                posted.quantities[product_id] = posted.quantities.get(product_id, 0) + quantity
        advance("orders", 1)

    await for_each(sample.orders(), place, at_once=ORDERS_AT_ONCE)
