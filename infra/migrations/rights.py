"""Who may do what in the database: the one table that rights are granted from and that a test walks."""

from collections.abc import Mapping
from typing import Final

# S select, I insert, U update, D delete; small letters: only columns of `_COLUMNS`. Locking a row takes U. `reader` is for what
# looks at the whole and changes nothing: verify, export, status. The owner of the schema (migrations, repairs) may do everything.
# Views, which are for services of the release before, are the owner's alone.
_TABLE: Final = """
                         order_api  relay  feature_worker  trainer  predictor  reader
accounts                 SIU        s      -               s        s          s
refresh_tokens           SIUD       sD     -               -        -          -
password_resets          SIUD       sD     -               -        -          -
audit_log                SI         sD     -               sI       sI         -
api_keys                 SIUD       -      -               su       su         s
products                 SIU        -      -               -        s          S
product_prices           SI         -      -               -        -          S
reviews                  SIUD       -      -               -        -          S
orders                   SIU        -      s               -        -          S
order_items              SIU        -      -               -        -          S
order_cancellations      SI         -      -               -        -          S
order_changes            SI         -      -               -        -          S
idempotency_keys         SIUD       sD     -               -        -          -
outbox                   SI         SUD    -               -        -          S
outbox_shards            SIU        S      S               S        S          S
outbox_leases            S          SIU    -               -        -          S
outbox_relays            -          SIUD   -               -        -          S
outbox_dead_letters      SUD        SI     -               -        -          S
state_outbox             -          SIUD   -               -        -          S
state_streams            -          SIU    -               -        -          S
webhooks                 SIUD       Su     -               -        -          -
webhook_secrets          SIUD       SD     -               -        -          -
webhook_positions        -          SIUD   -               -        -          -
webhook_deliveries       Su         SIUD   -               -        -          -
feature_rows             S          -      SIU             S        S          S
feature_view_times       S          -      SIUD            -        -          S
feature_positions        -          -      SIU             S        S          S
feature_last_sequences   Su         -      SIUD            S        S          S
feature_sequences_ahead  -          -      SIUD            S        S          S
feature_repairs          -          -      S               -        -          S
product_trends           S          -      SIU             -        -          S
shop_trends              S          -      SIU             -        -          S
pair_activity            S          -      SIU             S        S          S
product_activity         -          -      SIU             S        S          S
prediction_answers       S          -      SIUD            -        S          S
trainings                -          -      -               SIU      -          S
training_epochs          -          -      -               SID      -          S
models                   -          -      -               SIu      Su         S
daily_trends             -          -      -               -        -          -
alembic_version          -          -      -               -        -          S
"""

_RIGHTS: Final = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}
# What checking an API key takes.
_CHECKED: Final = (
    *("id", "account_id", "scopes", "secret_hash", "previous_hash", "previous_until", "expires_at", "revoked_at"),
    "last_used_at",
)
# Which access tokens have ended; whose API key it is, and whether that may still act.
_CALLERS: Final = ("id", "token_version", "ended_log_ins", "tokens_ended_at", "role", "blocked_at")
# (table, role, right) -> the columns that it is for.
_COLUMNS: Final[Mapping[tuple[str, str, str], tuple[str, ...]]] = {
    ("accounts", "relay", "SELECT"): ("id", "erased_at"),  # it has Kafka forget erased names
    ("accounts", "trainer", "SELECT"): _CALLERS,
    ("accounts", "predictor", "SELECT"): _CALLERS,
    ("accounts", "reader", "SELECT"): ("id", "account_ref"),  # no name, email or password
    ("api_keys", "trainer", "SELECT"): _CHECKED,
    ("api_keys", "trainer", "UPDATE"): ("last_used_at",),
    ("api_keys", "predictor", "SELECT"): _CHECKED,
    ("api_keys", "predictor", "UPDATE"): ("last_used_at",),
    ("api_keys", "reader", "SELECT"): ("id", "account_id", "scopes", "created_at", "revoked_at", "last_used_at"),
    ("refresh_tokens", "relay", "SELECT"): ("expires_at",),  # it deletes what has expired, of all that expires
    ("audit_log", "relay", "SELECT"): ("recorded_at",),
    # Of the line that it adds: the database answers both.
    ("audit_log", "trainer", "SELECT"): ("id", "recorded_at"),
    ("audit_log", "predictor", "SELECT"): ("id", "recorded_at"),
    ("password_resets", "relay", "SELECT"): ("expires_at",),
    ("webhooks", "relay", "UPDATE"): ("failing_since", "paused_at", "pause_reason"),  # to pause one that fails for long
    ("webhook_deliveries", "order_api", "UPDATE"): ("state", "attempts", "next_attempt_at"),  # to send it again
    ("idempotency_keys", "relay", "SELECT"): ("claimed_at",),
    ("products", "predictor", "SELECT"): ("id", "sku"),
    ("orders", "feature_worker", "SELECT"): ("id", "created_at"),
    # An operator decides that a dead letter never counts. The column is of every stream, also the outbox's: with a number far ahead
    # there the worker drops later orders as repeats, which `verify` shows (SECURITY.md).
    ("feature_last_sequences", "order_api", "UPDATE"): ("last_sequence",),
    ("models", "trainer", "UPDATE"): ("manifest_signature",),
    ("models", "predictor", "UPDATE"): ("activated_at", "pinned_at"),
}


# Of one role at one table: what is granted, and for which columns; none are all.
Rights = Mapping[str, tuple[str, ...]]


def _parse(table: str) -> tuple[tuple[str, ...], dict[tuple[str, str], Rights]]:
    head, *rows = table.strip("\n").splitlines()
    roles = tuple(head.split())
    grants: dict[tuple[str, str], Rights] = {}
    for row in rows:
        name, *cells = row.split()
        for role, cell in zip(roles, cells, strict=True):
            letters = cell.strip("-")
            rights = {letter: _RIGHTS[letter.upper()] for letter in letters}
            grants[name, role] = {
                right: () if letter.isupper() else _COLUMNS[name, role, right] for letter, right in rights.items()
            }
    return roles, grants


# The services' names, and (table, role) -> what it may do.
ROLES, GRANTS = _parse(_TABLE)
