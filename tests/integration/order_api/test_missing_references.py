from decimal import Decimal

import pytest
from sqlalchemy import text

from ordercast.services.order_api.missing_references import NewProduct, create_missing_accounts, create_missing_products
from ordercast.services.order_api.references import accounts_named, no_account
from ordercast.services.shared.db.engine import Sessions


async def products(sessions: Sessions) -> list[tuple[object, ...]]:
    async with sessions() as session:
        rows = await session.execute(text("SELECT sku, name, price, currency, active FROM products ORDER BY sku"))
        return [tuple(row) for row in rows]


async def create(sessions: Sessions, *new: NewProduct) -> None:
    async with sessions() as session, session.begin():
        await create_missing_products(session, new)


async def test_a_product_that_is_there_stays_as_it_is(sessions: Sessions) -> None:
    await create(sessions, NewProduct("a", "A", Decimal("1.5"), "EUR"))
    await create(sessions, NewProduct("a", "other", Decimal(2), "JPY"), NewProduct("b", "B", Decimal(0), "JPY"))
    assert await products(sessions) == [("a", "A", Decimal("1.5"), "EUR", True), ("b", "B", Decimal(0), "JPY", True)]


async def test_a_product_without_a_price_is_inactive_until_the_first_one_with_a_price(sessions: Sessions) -> None:
    await create(sessions, NewProduct("a", "a", None, "EUR"))
    assert await products(sessions) == [("a", "a", Decimal(0), "EUR", False)]
    await create(sessions, NewProduct("a", "a", None, "EUR"))
    await create(sessions, NewProduct("a", "A", Decimal(3), "GBP"))
    await create(sessions, NewProduct("a", "B", Decimal(4), "EUR"))
    assert await products(sessions) == [("a", "A", Decimal(3), "GBP", True)]


async def test_a_product_that_the_shop_made_inactive_stays_so(sessions: Sessions) -> None:
    await create(sessions, NewProduct("a", "A", Decimal(3), "EUR"))
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET active = false"))
    await create(sessions, NewProduct("a", "B", Decimal(4), "EUR"))
    assert await products(sessions) == [("a", "A", Decimal(3), "EUR", False)]


async def test_an_account_goes_by_reference_or_email_and_by_id_only_as_a_number(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await create_missing_accounts(session, ["17850", "ada@example.com"])
        await session.execute(
            text("""
                INSERT INTO accounts (email, nickname, password_hash, role, login_type)
                VALUES ('Ada@example.com', 'ada', 'x', 'CUSTOMER', 'PASSWORD'),
                       ('bob@example.com', 'bob', 'x', 'CUSTOMER', 'PASSWORD')
            """)
        )
        rows = await session.execute(text("SELECT nickname, id FROM accounts"))
        ids: dict[str, int] = {row.nickname: row.id for row in rows}
        names: list[str | int] = ["17850", "ada@example.com", "ADA@example.com", "BOB@example.com", ids["bob"]]
        unknown: list[str | int] = [str(ids["bob"]), "bob", 2**63 - 1, "nobody@example.com"]
        found = await accounts_named(session, [*names, *unknown])
    assert [found.get(name) for name in names] == [
        ids["17850"],
        ids["ada@example.com"],
        ids["ada"],
        ids["bob"],
        ids["bob"],
    ]
    assert not found.keys() & set(unknown)


@pytest.mark.parametrize(("name", "reason"), [(7, "the id 7"), ("7", "'7' (an id is given as a number)")])
def test_the_refusal_of_an_account_says_how_an_id_is_given(name: str | int, reason: str) -> None:
    assert no_account(name).endswith(reason)


async def test_references_that_would_be_one_nickname_are_accounts_of_their_own(sessions: Sessions) -> None:
    refs = ["Ann", "ann", "\uff21NN", "zero\u200bwidth"]
    async with sessions() as session, session.begin():
        await create_missing_accounts(session, refs)
        rows = await session.execute(text("SELECT account_ref, nickname, nickname_key FROM accounts"))
        made = {row.account_ref: (row.nickname, row.nickname_key) for row in rows}
    assert made == {
        "Ann": ("Ann", "ann"),
        "ann": ("ann_1", "ann_1"),
        "\uff21NN": ("\uff21NN_2", "ann_2"),
        "zero\u200bwidth": ("zero\u200bwidth", None),
    }


async def test_an_account_is_found_by_its_address_however_it_is_written(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(
            text("""
                INSERT INTO accounts (email, nickname, password_hash, role, login_type)
                VALUES ('ann@b\u00fccher.example.com', 'ann', 'x', 'CUSTOMER', 'PASSWORD')
            """)
        )
        names = ["Ann@xn--bcher-kva.example.com", "ann@BU\u0308CHER.example.com", " ann@b\u00fccher.example.com"]
        assert (await accounts_named(session, names)).keys() == set(names)
