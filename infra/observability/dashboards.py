"""What the dashboards show. `python -m ordercast.infra.observability.generate` writes them as JSON for Grafana."""

from typing import Final

from ordercast.infra.observability.model_panels import LIVE, MODEL_SERVED, PREDICTIONS
from ordercast.infra.observability.panels import Dashboard, Panel, Query
from ordercast.infra.observability.queries import quantiles, rate
from ordercast.infra.observability.webhook_panels import WEBHOOKS

SERVICES: Final = "order_api|relay|feature_worker|trainer|predictor|console"
CHOSEN: Final = 'job=~"$service"'
# Not what the keepers of a process ask: they would drown the rest of a quiet system.
REQUEST_COUNT: Final = "ordercast_http_request_seconds_count"
REQUESTS: Final = f'{CHOSEN}, route!~"/healthz|/readyz|/metrics"'
TIME_LEFT: Final = "min by (server) (ordercast_certificate_end_timestamp_seconds) - time()"
FAILED: Final = f'{REQUESTS}, status=~"5.."'

ORDERS_IN: Final = [
    Panel(
        "Orders and views accepted",
        "Orders committed to PostgreSQL, imported ones too, and views that Kafka has acknowledged.",
        "cps",
        [
            Query(f"sum({rate('ordercast_orders_accepted_total')})", "orders"),
            Query(f"sum({rate('ordercast_views_accepted_total')})", "views"),
        ],
    ),
    Panel(
        "Orders in one transaction",
        "Orders that arrive together are committed together: more of them means more load, not less service.",
        "short",
        quantiles("ordercast_orders_per_commit", 0.5, 0.99),
    ),
    Panel(
        "Views sent together",
        "View events of one partition in one batch to Kafka.",
        "short",
        quantiles("ordercast_views_batch_events", 0.5, 0.99),
    ),
]
OUTBOX: Final = [
    Panel(
        "Outbox backlog",
        "Events committed and not yet published. Every relay tells of the whole outbox, hence the maximum.",
        "short",
        [Query("max(ordercast_outbox_backlog_events)", "events")],
    ),
    Panel(
        "Age of the oldest event in the outbox",
        "How long the next event to be published waits already.",
        "s",
        [
            Query("max(ordercast_outbox_oldest_seconds)", "orders"),
            Query("max(ordercast_states_oldest_seconds)", "products and accounts"),
        ],
        warn=60,
        alarm=300,
    ),
    Panel(
        "Events that Kafka refused",
        "Kept back until `ordercast outbox retry`.",
        "short",
        [Query("max(ordercast_outbox_dead_letters_events)", "waiting")],
        alarm=1,
    ),
    Panel(
        "Time left to certificates",
        "Of servers; after it each client is refused.",
        "s",
        [Query(TIME_LEFT, "{{server}}")],
    ),
    Panel(
        "Events published",
        "From the outbox to the topic orders, and how many of them in one batch.",
        "short",
        [
            Query(f"sum({rate('ordercast_outbox_published_total')})", "a second"),
            *quantiles("ordercast_outbox_batch_events", 0.99),
        ],
    ),
]
FEATURES: Final = [
    Panel(
        "Lag in events",
        "Events in the topics that are not in the feature table yet.",
        "short",
        [Query("sum by (topic) (ordercast_worker_lag_events)", "{{topic}}")],
        warn=1_000,
    ),
    Panel(
        "Lag in seconds",
        "How long the oldest of them has waited, as the worker saw it since its start.",
        "s",
        [Query("max by (topic) (ordercast_worker_lag_seconds)", "{{topic}}")],
        warn=60,
    ),
    Panel(
        "Freshness: from the event to the feature row",
        "Age of the newest event of a batch at its commit, since it was accepted.",
        "s",
        quantiles("ordercast_worker_freshness_seconds", 0.5, 0.95, by="topic"),
    ),
    Panel(
        "Events taken",
        "Applied, repeated (known already, dropped), or refused and put to the dead letters.",
        "cps",
        [Query(f"sum by (outcome) ({rate('ordercast_worker_events_total')})", "{{outcome}}")],
    ),
    Panel(
        "Events in one transaction",
        "They become more when events wait.",
        "short",
        quantiles("ordercast_worker_batch_events", 0.5, 0.99),
    ),
    Panel(
        "Time for one transaction",
        "To aggregate and commit a batch.",
        "s",
        quantiles("ordercast_worker_batch_seconds", 0.5, 0.99),
    ),
]
TROUBLE: Final = [
    Panel(
        "Alerts that fire",
        "docs/runbooks.md has a paragraph for each.",
        "short",
        [Query('count(ALERTS{alertstate="firing", alertname!=""}) or vector(0)', "alerts")],
        kind="stat",
        alarm=1,
        width=6,
    ),
    Panel(
        "Services that answer",
        "Processes of each service that answered the last scrape.",
        "short",
        [Query(f'sum by (job) (up{{job=~"{SERVICES}"}})', "{{job}}")],
        kind="stat",
        width=18,
    ),
    Panel(
        "Dead letters in the last hour",
        "Events refused, by topic and class. `ordercast dead-letters list` shows them.",
        "short",
        [Query("sum by (topic, reason) (increase(ordercast_worker_dead_letters_total[1h]))", "{{topic}} {{reason}}")],
        width=12,
        warn=1,
    ),
    Panel(
        "Alarms in the last hour",
        "Workers that stand still, too many refused events, and streams whose numbers do not add up: lost events, or a stranger.",
        "short",
        [
            Query("max by (kind) (max_over_time(ordercast_worker_alarms_total[1h]))", "{{kind}}"),
            Query("max(max_over_time(ordercast_worker_gap_streams[1h]))", "gaps in numbers"),
            Query("max(max_over_time(ordercast_worker_above_outbox_shards[1h]))", "numbers above the outbox"),
        ],
        width=12,
        alarm=1,
    ),
]
TRAINING: Final = [
    Panel(
        "Progress of the training at hand",
        "Part of its epochs that each trainer has done; 0 while it loads, and without a training.",
        "percentunit",
        [Query("max by (instance) (ordercast_training_progress_ratio)", "{{instance}}")],
    ),
    Panel(
        "Trainings that have ended",
        "Within the last hour, by how they ended.",
        "short",
        [Query("sum by (status) (increase(ordercast_trainings_total[1h]))", "{{status}}")],
    ),
    Panel(
        "Duration of trainings",
        "From start to end, of those that ended within the last day.",
        "s",
        [
            Query(
                "histogram_quantile(0.5, sum by (le) (increase(ordercast_training_seconds_bucket[1d])))",
                "p50",
            ),
            Query(
                "sum(increase(ordercast_training_seconds_sum[1d])) / sum(increase(ordercast_training_seconds_count[1d]))",
                "mean",
            ),
        ],
    ),
    Panel(
        "Rows of the newest training set",
        "Pairs of an account and a product with an order.",
        "short",
        [Query("max(ordercast_training_rows)", "rows")],
    ),
    Panel(
        "Trainings by rule",
        "Within the last day: looks whether demand is to be trained again, by whether a training was started, or why not.",
        "short",
        [Query("sum by (outcome) (increase(ordercast_retraining_looks_total[1d]))", "{{outcome}}")],
    ),
]
HTTP: Final = [
    Panel(
        "Requests",
        "By service and status; without those for health and metrics.",
        "reqps",
        [Query(f"sum by (job, status) ({rate(REQUEST_COUNT, REQUESTS)})", "{{job}} {{status}}")],
    ),
    Panel(
        "Errors",
        "Part of the requests that ended with a status of 500 or above.",
        "percentunit",
        [
            Query(
                # 0 instead of nothing where no request has failed yet.
                f"(sum by (job) ({rate(REQUEST_COUNT, FAILED)}) or 0 * sum by (job) ({rate(REQUEST_COUNT, REQUESTS)}))"
                f" / sum by (job) ({rate(REQUEST_COUNT, REQUESTS)})",
                "{{job}}",
            )
        ],
        warn=0.01,
        alarm=0.05,
    ),
    Panel(
        "Time of a request",
        "From its arrival to the end of its answer, by service.",
        "s",
        quantiles("ordercast_http_request_seconds", 0.5, 0.99, labels=REQUESTS, by="job"),
    ),
    Panel(
        "Slowest routes",
        "The 95th percentile of the ten slowest routes.",
        "s",
        [
            Query(
                "topk(10, histogram_quantile(0.95, sum by (le, job, method, route) "
                f"({rate('ordercast_http_request_seconds_bucket', REQUESTS)})))",
                "{{job}} {{method}} {{route}}",
            )
        ],
        width=12,
    ),
    Panel(
        "Connections refused in the last hour",
        "Ended before a request of theirs was whole, by reason; such as headers over 64 KiB.",
        "short",
        [Query("sum by (job, reason) (increase(ordercast_http_refused_total[1h]))", "{{job}} {{reason}}")],
        width=12,
    ),
]
PROCESSES: Final = [
    Panel(
        "Processor time",
        "Of each process; 1 is a whole core.",
        "none",
        [
            Query(
                f"sum by (job, instance) ({rate('process_cpu_seconds_total', CHOSEN)})",
                "{{job}} {{instance}}",
            )
        ],
    ),
    Panel(
        "Memory",
        "Resident memory of each process, without the children that a training runs in.",
        "bytes",
        [Query(f"sum by (job, instance) (process_resident_memory_bytes{{{CHOSEN}}})", "{{job}} {{instance}}")],
    ),
    Panel(
        "Age of the processes",
        "Falls to 0 at each start.",
        "s",
        [Query(f"time() - process_start_time_seconds{{{CHOSEN}}}", "{{job}} {{instance}}")],
    ),
]

DASHBOARDS: Final = [
    Dashboard(
        "ordercast-overview",
        "Ordercast: the flow",
        "The way of an event: accepted, published, applied to the features.",
        [
            ("Trouble", TROUBLE),
            ("In: order_api", ORDERS_IN),
            ("Out: relay", OUTBOX),
            ("Posted: relay", WEBHOOKS),
            ("Applied: feature_worker", FEATURES),
        ],
    ),
    Dashboard(
        "ordercast-model",
        "Ordercast: the model",
        "What is trained, what is served, and how it answers.",
        [
            ("Served", MODEL_SERVED),
            ("Predictions: predictor", PREDICTIONS),
            ("Was it so", LIVE),
            ("Trainings: trainer", TRAINING),
        ],
    ),
    Dashboard(
        "ordercast-services",
        "Ordercast: the services",
        "Requests and processes of each service.",
        [("Requests", HTTP), ("Processes", PROCESSES)],
        by_service=True,
    ),
]
