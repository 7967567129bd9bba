"""Imports every table, so that the metadata is whole. The one place that looks into all services."""

import ordercast.services.order_api.accounts.tables
import ordercast.services.order_api.orders.tables
import ordercast.services.order_api.products.tables
import ordercast.services.order_api.reviews.tables
import ordercast.services.order_api.states.tables
import ordercast.services.order_api.webhooks.tables
import ordercast.services.shared.audit.tables
import ordercast.services.shared.db.api_keys
import ordercast.services.shared.db.features
import ordercast.services.shared.db.models
import ordercast.services.trainer.jobs.tables  # noqa: F401
from ordercast.services.shared.db.metadata import Base

metadata = Base.metadata
