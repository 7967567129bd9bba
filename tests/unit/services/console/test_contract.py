"""A contract's fields as rows."""

import pytest

from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.console.contract import contract_fields


def test_fields_of_parts_stand_below_the_field_that_holds_them() -> None:
    fields = {field.name: field for field in contract_fields(event_schema("ordercast.order.placed.v1"))}
    assert fields["status"].example == "PENDING, CONFIRMED"
    assert fields["order_id"].kind == "uuid"
    sold = {field.name: field for field in contract_fields(event_schema("ordercast.product.changed.v1"))}["active"]
    assert (sold.kind, sold.example) == ("boolean", "true")
    assert fields["items[].quantity"].required
    assert not fields["order_ref"].required
    assert fields["order_ref"].about == "the shop's own number of an imported order"


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_each_field_of_each_type_has_its_meaning(event_type: str) -> None:
    assert [field.name for field in contract_fields(event_schema(event_type)) if not field.about] == []


def test_without_a_contract_there_are_no_fields() -> None:
    assert contract_fields(None) == []
