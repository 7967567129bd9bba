"""Imports every table, so that the metadata is whole. The one place that looks into all services."""

import services.order_api.accounts.tables
import services.order_api.orders.tables
import services.order_api.products.tables
import services.order_api.reviews.tables
import services.shared.db.features
import services.shared.db.models
import services.trainer.tables  # noqa: F401
from services.shared.db.metadata import Base

metadata = Base.metadata
