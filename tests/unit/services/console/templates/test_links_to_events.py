"""A product, an account and an order lead to their events."""

import html
import re
from decimal import Decimal

from ordercast.client.account_answers import Account
from ordercast.client.order_answers import Product
from ordercast.services.console.accounts.read_accounts import AccountPage
from ordercast.services.console.parts import Missing
from ordercast.services.console.products.read_products import ProductPage
from tests.support.console_answers import NOW
from tests.support.console_pages import drawn

AWAY = Missing("order_api", "nobody answers")


def link_to_events(page: str) -> str:
    [found] = re.findall(r'href="(/events\?[^"]+)"', page)
    return html.unescape(found)


def test_a_product_s_events_are_told_from_those_of_the_account_with_its_number() -> None:
    product = Product(7, "MUG", "Mug", Decimal(1), "EUR")
    found = ProductPage(NOW, product, AWAY, AWAY, AWAY, AWAY)
    asked = {"asked": {"reviews_after": None}, "more_reviews": None, "no_model": "", "service_level": 0.95}
    page = drawn("product.html", product_id=7, found=found, days=30, weeks=4, **asked)
    assert link_to_events(page) == "/events?of=product&key=7&since=7d"


def test_an_account_s_events_are_told_from_those_of_the_product_with_its_number() -> None:
    account = Account(7, "ann@shop.example", "ann", "CUSTOMER", "PASSWORD")
    page = drawn("account.html", account_id=7, found=AccountPage(NOW, account, AWAY, None, None), own=False)
    assert link_to_events(page) == "/events?of=account&key=7&since=7d"
