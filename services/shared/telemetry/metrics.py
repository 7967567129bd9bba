"""Every metric that a service keeps: names, units and labels in this one file.

Names end with their unit. No label ever holds an account, a product or anything else that a client can make up: each value
of a label is a time series for ever. docs/observability.md shows this file as a table.

Several processes of a service: each tells of its own work, so sums over them are right, except for the gauges of the
outbox, which every relay reads from the database for all shards: take their maximum.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info

# Up to 10 s: what takes longer has run into a deadline.
_REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# A prediction from a loaded model takes well under a millisecond.
_PREDICTION_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
# Up to an hour: older than that are a shop's own history, and events that waited for a repair.
_FRESHNESS_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600)
# Up to a month: beside the way of an event it holds the time since the customer last did something.
_PREDICTION_FRESHNESS_BUCKETS: Final = (0.1, 0.5, 1, 5, 10, 60, 600, 3_600, 6 * 3_600, 86_400, 7 * 86_400, 30 * 86_400)
_BATCH_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_TRAINING_BUCKETS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600)

# Every service. `route` is the template ("/orders/{order_id}"), or "unknown"; `method` one of HTTP's, or "other".
HTTP_REQUEST_SECONDS: Final = Histogram(
    "ordercast_http_request_seconds",
    "Time from a request's arrival to the end of its answer.",
    ("method", "route", "status"),
    buckets=_REQUEST_BUCKETS,
)
# `reason` is the last part of the problem's type, such as headers-too-large.
HTTP_REFUSED: Final = Counter(
    "ordercast_http_refused_total", "Connections that were ended before a request of theirs was whole.", ("reason",)
)

# order_api
ORDERS_ACCEPTED: Final = Counter("ordercast_orders_accepted_total", "Orders committed.")
ORDERS_PER_COMMIT: Final = Histogram(
    "ordercast_orders_per_commit", "Orders that shared one transaction.", buckets=_BATCH_BUCKETS
)
VIEWS_ACCEPTED: Final = Counter("ordercast_views_accepted_total", "View events that Kafka has acknowledged.")
VIEWS_BATCH_EVENTS: Final = Histogram(
    "ordercast_views_batch_events", "View events that were sent to a partition together.", buckets=_BATCH_BUCKETS
)

# outbox relay. Backlog and age are those of the whole outbox, whichever relay tells them.
OUTBOX_BACKLOG: Final = Gauge("ordercast_outbox_backlog_events", "Events committed and not yet published.")
OUTBOX_OLDEST: Final = Gauge("ordercast_outbox_oldest_seconds", "Age of the oldest event not yet published.")
OUTBOX_DEAD_LETTERS: Final = Gauge(
    "ordercast_outbox_dead_letters_events", "Events that Kafka refused for good, waiting for `ordercast outbox retry`."
)
STATES_OLDEST: Final = Gauge(
    "ordercast_states_oldest_seconds", "Age of the oldest event of a product or account not yet published."
)
# `server` is PostgreSQL or Kafka, where their certificates are checked.
CERTIFICATE_END: Final = Gauge(
    "ordercast_certificate_end_timestamp_seconds",
    "When the certificate ends that a server shows (Unix time).",
    ("server",),
)
WEBHOOKS_PAUSED: Final = Gauge(
    "ordercast_paused_webhooks",
    "Webhooks that pause because no attempt has passed for a day (failing), or because their maker may make none any more (maker).",
    ["reason"],
)
WEBHOOK_FAILURES: Final = Counter(
    "ordercast_webhook_failures_total",
    "Tries to note, send, forget or watch webhooks' deliveries that failed here, not at a receiver. They are made again.",
    ["work"],
)
OUTBOX_PUBLISHED: Final = Counter("ordercast_outbox_published_total", "Events published to Kafka.")
OUTBOX_BATCH_EVENTS: Final = Histogram(
    "ordercast_outbox_batch_events", "Events of a shard that were published together.", buckets=_BATCH_BUCKETS
)

# feature_worker. `outcome` is applied, repeated or dead_lettered; `reason` is the class of the refusal, which stands first in
# the text that `ordercast dead-letters list` shows; `kind` is a name in `feature_worker.errors.LASTING`, or too_many_dead_letters.
WORKER_EVENTS: Final = Counter("ordercast_worker_events_total", "Events taken from a topic.", ("topic", "outcome"))
WORKER_BATCH_EVENTS: Final = Histogram(
    "ordercast_worker_batch_events", "Events written in one transaction.", buckets=_BATCH_BUCKETS
)
WORKER_BATCH_SECONDS: Final = Histogram(
    "ordercast_worker_batch_seconds", "Time to aggregate and commit one batch.", buckets=_REQUEST_BUCKETS
)
WORKER_LAG: Final = Gauge(
    "ordercast_worker_lag_events",
    "Events in a partition that are not yet in the feature table.",
    ("topic", "partition"),
)
WORKER_LAG_SECONDS: Final = Gauge(
    "ordercast_worker_lag_seconds",
    "How long the oldest event of a partition that is not yet in the feature table has waited, seen from this process; 0: none.",
    ("topic", "partition"),
)
WORKER_FRESHNESS: Final = Histogram(
    "ordercast_worker_freshness_seconds",
    "Age of the newest event of a partition when its batch was committed.",
    ("topic",),
    buckets=_FRESHNESS_BUCKETS,
)
WORKER_DEAD_LETTERS: Final = Counter(
    "ordercast_worker_dead_letters_total", "Events refused and kept in the topic dead-letters.", ("topic", "reason")
)
WORKER_ALARMS: Final = Counter(
    "ordercast_worker_alarms_total",
    "Alarms that no restart ends. The worker keeps showing this for a while, and ends; at too_many_dead_letters it goes on.",
    ("kind",),
)
WORKER_GAP_STREAMS: Final = Gauge(
    "ordercast_worker_gap_streams", "Streams of which numbers are missing below others that were seen."
)
WORKER_ABOVE_OUTBOX_SHARDS: Final = Gauge(
    "ordercast_worker_above_outbox_shards",
    "Shards of which numbers were seen that the outbox has not given: somebody else writes to the topic orders.",
)

# predictor. `kind` is view_count or pair; `outcome` is loaded or refused.
PREDICTIONS: Final = Counter("ordercast_predictions_total", "Predictions answered.", ("kind",))
PREDICTION_SECONDS: Final = Histogram(
    "ordercast_prediction_seconds",
    "Time in the ensemble, for one request or for several together.",
    buckets=_PREDICTION_BUCKETS,
)
PREDICTION_FRESHNESS: Final = Histogram(
    "ordercast_prediction_freshness_seconds",
    "Age of the newest event in a pair's feature row when a prediction is made from it.",
    buckets=_PREDICTION_FRESHNESS_BUCKETS,
)
PREDICTIONS_SAMPLED: Final = Counter(
    "ordercast_predictions_sampled_total",
    "Predictions for the topic predictions: sent, or lost because Kafka was away. They are a sample, so nothing depends on one.",
    ("outcome",),
)
LIVE_PREDICTIONS: Final = Gauge(
    "ordercast_live_prediction_rows",
    "Kept predictions of the served version of demand: open, ended (their days are over), of these intervals of 90 %, long ones.",
    ("state",),
)
LIVE_DEVIANCE: Final = Gauge(
    "ordercast_live_deviance",
    "Mean Poisson deviance of ended predictions against what was ordered: of the model, and of the pairs' own rate so far (naive).",
    ("answer",),
)
LIVE_COVERAGE: Final = Gauge(
    "ordercast_live_coverage_ratio", "Share of the intervals of 90 % of ended predictions that held what was ordered."
)
LIVE_SHORTER_COVERAGE: Final = Gauge(
    "ordercast_live_shorter_coverage_ratio",
    "Share of those of more than one number that would have held a piece shorter: over 95 % they are longer than need be.",
)
FEATURE_DRIFT: Final = Gauge(
    "ordercast_feature_drift_psi",
    "How far a feature of today's pairs lies from what the served version of demand learned from: population stability index.",
    ("feature",),
)
MODEL_LOADS: Final = Counter("ordercast_model_loads_total", "Model versions verified and warmed.", ("outcome",))
MODEL_SWAPS: Final = Counter("ordercast_model_swaps_total", "Changes of the model version that answers.")
MODEL_SERVED: Final = Info(
    "ordercast_model_served", "The model of a recipe that answers, by version and recipe.", ("recipe",)
)
MODEL_CREATED: Final = Gauge(
    "ordercast_model_created_timestamp_seconds",
    "When the model of a recipe that answers was trained, in Unix time; 0: there is none.",
    ("recipe",),
)

# trainer. `status` is succeeded, failed or cancelled.
TRAININGS: Final = Counter("ordercast_trainings_total", "Trainings that have ended.", ("status",))
TRAINING_SECONDS: Final = Histogram(
    "ordercast_training_seconds", "Time from a training's start to its end.", buckets=_TRAINING_BUCKETS
)
TRAINING_PROGRESS: Final = Gauge(
    "ordercast_training_progress_ratio", "Part of its epochs that the training at hand has done, 0 to 1; 0 without one."
)
# `outcome` is started, or why not: not-due, waiting, paused, pinned, no-version, unreadable or refused.
RETRAINING_LOOKS: Final = Counter(
    "ordercast_retraining_looks_total", "Looks whether demand is to be trained again by rule.", ("outcome",)
)
TRAINING_ROWS: Final = Gauge("ordercast_training_rows", "Rows of the newest training set.")
