"""What the predictor answers about models, features and quantities, as types. Fields that a newer service adds are passed over."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from ordercast.client.training_answers import Judgement


class FeaturePosition(Struct, frozen=True):
    """The last event of each topic that changed a feature row."""

    partition: int
    orders_offset: int | None
    views_offset: int | None


class Features(Struct, frozen=True):
    """What is known of an account and a product; `ordercast.contracts.features` tells what each field means. `as_of` is when
    the row was last changed."""

    account_id: int
    product_id: int
    first_ordered_at: datetime | None
    first_quantity: int | None
    first_order_quantity: int | None
    first_price: Decimal | None
    order_count: int
    total_quantity: int
    cancelled_quantity: int
    view_count: int
    views_before_first_order: int
    last_viewed_at: datetime | None
    last_ordered_at: datetime | None
    position: FeaturePosition | None = None
    as_of: datetime | None = None


class Prediction(Struct, frozen=True):
    """`quantity` is the mean of the members' answers (pieces), `spread` their standard deviation.

    `quality` and `collapsed_members` say what the model is worth; a service of the release before says neither. The last fields
    are those of a pair; without a feature row (`has_features` false) it is the prediction for 0 views.
    """

    quantity: float
    spread: float
    members: list[float]
    model_version: str
    view_count: int
    quality: str | None = None
    collapsed_members: int | None = None
    account_id: int | None = None
    product_id: int | None = None
    has_features: bool | None = None
    features_as_of: datetime | None = None


class Predictions(Struct, frozen=True):
    """In the order of the request, all from one model version."""

    data: list[Prediction]
    model_version: str


class Model(Struct, frozen=True):
    """A published version; the last fields are None if the predictor cannot read its files any more.

    `manifest` is its manifest.json, where one version was asked for; ids in its rows of great influence are an admin's to see.
    """

    version: str
    recipe: str
    state: str
    refused: str | None
    published_at: datetime
    activated_at: datetime | None
    members: int | None = None
    trained_at: datetime | None = None
    rows: int | None = None
    metrics: dict[str, Any] | None = None
    judgement: Judgement | None = None
    pinned: bool = False
    manifest: dict[str, Any] | None = None


class CurrentModel(Struct, frozen=True):
    """The version that answers now, with the number of rows it learned from and the figures of its training.

    With `pinned` it stays until it is unpinned; `challenger` is the newest version that waits for that. `loaded_at` is when this
    process began to answer from it.
    """

    version: str
    recipe: str
    members: int
    trained_at: datetime
    rows: int
    metrics: dict[str, Any]
    judgement: Judgement | None = None
    pinned: bool = False
    challenger: str | None = None
    loaded_at: datetime | None = None


class Unpinned(Struct, frozen=True):
    """`unpinned` was pinned until now (None: none was), `version` answers now (None: there is none)."""

    unpinned: str | None
    version: str | None
