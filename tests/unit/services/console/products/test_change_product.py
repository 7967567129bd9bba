"""What of a product is sent, and what the request that does the same looks like."""

from dataclasses import asdict, replace
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.order_answers import Product
from ordercast.services.console.products.change_product import ProductValues
from ordercast.services.console.products.schemas import ProductForm
from tests.support.console_answers import NOW

MUG = Product(1, "MUG-1", "Mug", Decimal("12.50"), "EUR", updated_at=NOW)
FIELDS = {"sku": "MUG-2", "name": "Mug, blue", "price": "13.00", "currency": "USD", "active": False}


@given(names=st.sets(st.sampled_from(sorted(FIELDS))))
def test_only_what_is_otherwise_is_sent(names: set[str]) -> None:
    typed = {name: FIELDS[name] for name in names}
    assert replace(ProductValues.of(MUG), **typed).changes(MUG) == typed  # type: ignore[arg-type]


def test_a_form_that_nobody_touched_changes_nothing() -> None:
    form = ProductForm.of(MUG, '"1"')
    assert form.values.changes(MUG) == {}
    assert form.known == '"1"'


@given(typed=st.sets(st.sampled_from(sorted(FIELDS))), changed=st.sets(st.sampled_from(sorted(FIELDS))))
def test_after_another_s_change_what_was_typed_stays_and_the_rest_is_as_it_is_now(
    typed: set[str], changed: set[str]
) -> None:
    meanwhile = {"sku": "MUG-9", "name": "Cup", "price": Decimal("9.90"), "currency": "KRW", "active": False}
    now = msgspec.structs.replace(MUG, **{name: meanwhile[name] for name in changed})
    own = {name: FIELDS[name] for name in typed}
    form = ProductForm.of(MUG, '"1"').model_copy(update=own).over(now, '"2"')
    assert asdict(form.values) == asdict(ProductValues.of(now)) | own
    assert form.known == '"2"'
    # Sent again as it stands, it is the same once more.
    assert form.over(now, '"2"') == form


def test_a_form_that_does_not_say_what_it_was_made_of_was_typed_as_a_whole() -> None:
    form = ProductForm(**FIELDS, before="no JSON")
    assert asdict(form.over(MUG, '"2"').values) == FIELDS


@pytest.mark.parametrize(("typed", "sent"), [(" eur ", "EUR"), ("usd", "USD")])
def test_a_currency_may_be_typed_small(typed: str, sent: str) -> None:
    assert ProductForm(currency=typed).values.currency == sent


def test_the_request_stands_within_quotes_of_a_shell() -> None:
    typed = replace(ProductValues.of(MUG), name="Ann's mug")
    assert typed.body(MUG) == '{"name":"Ann\\u0027s mug"}'
