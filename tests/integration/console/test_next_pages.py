"""A list that goes on says so, and leads on until its end."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from ordercast.services.console import parts
from ordercast.services.console.accounts import read_accounts
from ordercast.services.console.models import read_models
from ordercast.services.console.products import read_products
from ordercast.services.console.shop import read_shop
from ordercast.services.console.trainings import read_trainings
from tests.integration.console.test_log_in import log_in, reading
from tests.integration.console.test_models_and_trainings import TRAININGS
from tests.support.console_predictions import Predictions
from tests.support.console_records import LONG, Records, api_key, audit_line, review
from tests.support.console_services import Shop
from tests.support.console_shop import Storefront

AUDIT: Final = [audit_line(number, f"kind-{number}") for number in range(5, 0, -1)]


def shop() -> Shop:
    return Shop(
        predictions=Predictions(trainings=TRAININGS),
        records=Records(audit=AUDIT, keys=[api_key(number) for number in range(1, 6)]),
        storefront=Storefront(reviews=[review(number) for number in range(1, 6)]),
    )


def versions() -> list[str]:
    return [str(one["version"]) for one in Predictions().models]


# The page of a list, what bounds it, and what stands in its rows, the first ones first.
LISTS: Final[list[tuple[str, Any, str, Callable[[], list[str]]]]] = [
    ("/trainings", read_trainings, "MOST", lambda: [f'id="training-{one["id"]}"' for one in TRAININGS]),
    ("/models", read_models, "MOST", lambda: [f'<tr id="{version}"' for version in versions()]),
    ("/products/1", read_products, "PRICES", lambda: ["12.50 EUR</td>", "11.00 EUR</td>", "9.90 EUR</td>"]),
    ("/accounts/13", read_accounts, "KEYS", lambda: [f">backend {number} <" for number in range(1, 6)]),
    ("/shop/products/1", read_shop, "MOST_REVIEWS", lambda: [f"Number {number}:" for number in range(5, 0, -1)]),
    *(
        (path, parts, "MOST_LINES", lambda: [f"<code>kind-{number}</code>" for number in range(5, 0, -1)])
        for path in ("/accounts/13", "/products/1", f"/orders/{LONG}")
    ),
]


@pytest.mark.parametrize(("path", "module", "bound", "rows"), LISTS)
async def test_a_list_leads_to_its_end_and_back(
    path: str, module: Any, bound: str, rows: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, bound, 2)
    if bound == "MOST_LINES":
        monkeypatch.setattr("ordercast.services.console.accounts.read_accounts.MOST_LINES", 2)
    async with reading(shop()) as http:
        await log_in(http, "adam")
        left, here = rows(), path
        while left:
            main = (await http.get(here)).text.partition("<main")[2]
            assert [row for row in rows() if row in main] == left[:2]
            left = left[2:]
            links = re.findall(rf'href="({re.escape(path)}\?[a-z_]*after=[^"]+)" rel="next"', main)
            own = [link for link in links if _KIND[bound] in link]
            assert bool(own) == bool(left), links
            if here != path:
                assert f'href="{path}' in main
            here = own[0].replace("&amp;", "&") if own else path


_KIND: Final = {
    "MOST": "starting_",
    "PRICES": "prices_",
    "KEYS": "keys_",
    "MOST_REVIEWS": "reviews_",
    "MOST_LINES": "audit_",
}
