"""Where anything is kept of a person: what an export says of each table, and what an erasure does to it."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, or_, select

from ordercast.services.order_api.accounts.tables import Account, PasswordReset, RefreshToken
from ordercast.services.order_api.orders.tables import IdempotencyKey, Order, OrderCancellation, OrderItem
from ordercast.services.order_api.reviews.tables import Review
from ordercast.services.order_api.webhooks.tables import Webhook
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.api_keys import ApiKey
from ordercast.services.shared.db.features import FeatureRow, FeatureViewTime, PairActivity, PredictionAnswer


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table with rows of accounts. `left_out` are columns that an export leaves out: hashes, and what other columns say."""

    kind: str
    table: Table
    erased: bool = False
    left_out: frozenset[str] = frozenset()

    def rows_of(self, account_id: int) -> ColumnElement[bool]:
        if self.table is Account.__table__:
            return Account.id == account_id
        if self.table is AuditLine.__table__:
            return or_(AuditLine.account_id == account_id, AuditLine.subject == f"accounts/{account_id}")
        if "account_id" in self.table.columns:
            of_account: ColumnElement[bool] = self.table.columns["account_id"] == account_id
            return of_account
        return self.table.columns["order_id"].in_(select(Order.id).where(Order.account_id == account_id))


def _of(kind: str, rows: Any, *left_out: str, erased: bool = False) -> PersonalTable:
    return PersonalTable(kind, rows.__table__, erased, frozenset(left_out))


# Whole rows of the erased ones go; of the account its id stays; the others hold ids alone (an order also the shop's own number).
PERSONAL: Final = (
    _of("account", Account, "password_hash", "nickname_key", "token_version", "ended_log_ins"),
    _of("log-in", RefreshToken, "token_hash", erased=True),
    _of("password-reset", PasswordReset, "code_hash", erased=True),
    _of("api-key", ApiKey, "secret_hash", "previous_hash", erased=True),
    _of("webhook", Webhook, erased=True),  # with its secrets, and within minutes its deliveries
    _of("review", Review, erased=True),
    _of("idempotency-key", IdempotencyKey, "body_sha256", "answer", "planned_answer", "progress", erased=True),
    _of("order", Order),
    _of("order-line", OrderItem),
    _of("order-cancellation", OrderCancellation),
    _of("feature-row", FeatureRow),
    _of("view-time", FeatureViewTime),
    _of("activity", PairActivity),
    _of("prediction", PredictionAnswer),
    _of("audit-line", AuditLine),
)
# They hold events until Kafka has them: an order's, which has ids alone, and an account's nickname, of which an erasure takes out
# what is still there (migration 0037). An export has the order and the account themselves.
TRANSIENT: Final = frozenset({"outbox", "outbox_dead_letters", "state_outbox"})
