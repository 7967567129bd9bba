"""Every place that writes the features' names down, against the one list of them."""

import re
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, get_args

import msgspec
import pytest

from ordercast.client.model_answers import Features
from ordercast.contracts.features import FEATURES
from ordercast.services.feature_worker import feature_rows
from ordercast.services.predictor.schemas import FeaturesAnswer
from ordercast.services.shared.db.features import FeatureRow
from ordercast.verify import spool, tables

NAMES = [feature.name for feature in FEATURES]
TYPES = {feature.name: feature.type for feature in FEATURES}
PYTHON_TYPES = {int: "integer", Decimal: "decimal", datetime: "timestamp"}
PAIR = {"account_id", "product_id"}
# What a row holds besides its features: how ties are broken, and up to which event it is true.
BESIDE = {"first_event_id", "partition", "orders_offset", "views_offset", "updated_at"}


def type_of(annotation: Any) -> str:
    """integer, decimal or timestamp, of an annotation with or without None."""
    [found] = (
        [t for t in get_args(annotation) if t is not type(None)] if isinstance(annotation, UnionType) else [annotation]
    )
    return PYTHON_TYPES[found]


def test_the_table_has_a_column_for_each_feature_of_its_type() -> None:
    columns = FeatureRow.__table__.columns
    assert set(columns.keys()) == set(NAMES) | PAIR | BESIDE
    assert {name: PYTHON_TYPES[columns[name].type.python_type] for name in NAMES} == TYPES


def test_the_worker_writes_each_column() -> None:
    written = re.findall(r"INSERT INTO feature_rows AS r \((.*?)\)", str(feature_rows._UPSERT), re.DOTALL)
    assert [set(columns.replace(",", " ").split()) for columns in written] == [set(NAMES) | PAIR | BESIDE]


def test_the_predictors_answer_has_each_feature_with_its_type() -> None:
    fields = FeaturesAnswer.model_fields
    assert set(fields) == set(NAMES) | PAIR | {"position", "as_of"}
    assert {name: type_of(fields[name].annotation) for name in NAMES} == TYPES


def test_the_clients_answer_has_each_feature_with_its_type() -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(Features)}
    assert set(fields) == set(NAMES) | PAIR | {"position", "as_of"}
    assert {name: type_of(fields[name]) for name in NAMES} == TYPES


def test_verify_recomputes_and_reads_each_feature() -> None:
    columns = spool.FEATURES.names
    assert set(columns) == set(NAMES) | PAIR | {"first_event_id", "partition"}
    # The table is read into these columns by their place: the statement has to name them in the same order.
    places = [re.search(rf"\b{name}\b", tables.FEATURES_SQL) for name in columns]
    assert all(places)
    assert places == sorted(places, key=lambda place: place.start() if place else 0)


@pytest.mark.parametrize("feature", FEATURES, ids=NAMES)
def test_each_feature_has_a_meaning(feature: Any) -> None:
    assert feature.meaning.strip()
