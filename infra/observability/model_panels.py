"""What the dashboard of models shows of the one that is served, and of its answers."""

from typing import Final

from ordercast.infra.observability.panels import Panel, Query
from ordercast.infra.observability.queries import quantiles, rate

MODEL_SERVED: Final = [
    Panel(
        "Model that answers",
        "The version and recipe, on each predictor; two versions for more than a moment mean that one predictor lags.",
        "none",
        [Query('count by (version, recipe) (ordercast_model_served_info{version!=""})', "{{version}} ({{recipe}})")],
        kind="stat",
        shows="name",
        width=12,
    ),
    Panel(
        "Age of the model",
        "Time since the served model was trained.",
        "s",
        [Query("time() - max by (recipe) (ordercast_model_created_timestamp_seconds > 0)", "{{recipe}}")],
        kind="stat",
        width=6,
    ),
    Panel(
        "Changes of the model",
        "Within the last hour, over all predictors.",
        "short",
        [Query("sum(increase(ordercast_model_swaps_total[1h]))", "changes")],
        kind="stat",
        width=6,
    ),
    Panel(
        "Versions loaded and refused",
        "A refused version is damaged; what was served before goes on answering.",
        "short",
        [Query("sum by (outcome) (increase(ordercast_model_loads_total[1h]))", "{{outcome}}")],
        width=24,
    ),
]
PREDICTIONS: Final = [
    Panel(
        "Predictions",
        "For a view count, and for an account and a product.",
        "cps",
        [Query(f"sum by (kind) ({rate('ordercast_predictions_total')})", "{{kind}}")],
    ),
    Panel(
        "Time in the ensemble",
        "Of one call of the ten networks, for one request or for several together.",
        "s",
        quantiles("ordercast_prediction_seconds", 0.5, 0.95, 0.99),
    ),
    Panel(
        "Time of a request for predictions",
        "From its arrival to the end of its answer, by route.",
        "s",
        quantiles("ordercast_http_request_seconds", 0.95, labels='route=~"/predictions.*"', by="route"),
    ),
    Panel(
        "Freshness: from the event to the prediction",
        "Age of the newest event in a pair's feature row when it is used. Beside the way of an event it holds the time since the "
        "customer last did something: look at its lower end.",
        "s",
        quantiles("ordercast_prediction_freshness_seconds", 0.1, 0.5, 0.95),
        width=24,
    ),
]
LIVE: Final = [
    Panel(
        "Deviance against what was ordered",
        "Of the predictions of the served version of demand whose days are over: the model's, and that of the pairs' own rate so "
        "far. Lower is better.",
        "none",
        [Query("max by (answer) (ordercast_live_deviance)", "{{answer}}")],
    ),
    Panel(
        "Intervals that held",
        "Share of the intervals of 90 % in which the quantity that was ordered lies: 85 % at least. Of those of more than one "
        "number, the share if they were a piece shorter: 95 % at most.",
        "percentunit",
        [
            Query('max(ordercast_live_coverage_ratio{job="predictor"})', "intervals of 90 %"),
            Query('max(ordercast_live_shorter_coverage_ratio{job="predictor"})', "a piece shorter"),
        ],
    ),
    Panel(
        "Drift of features",
        "The five features of pairs that lie farthest from what the served version of demand learned from (population stability "
        "index): over 0.25 a lot has changed.",
        "none",
        [Query("topk(5, max by (feature) (ordercast_feature_drift_psi))", "{{feature}}")],
        warn=0.1,
        alarm=0.25,
    ),
    Panel(
        "Kept predictions",
        "Of the served version of demand: those that are open, and those that are judged because their days are over.",
        "short",
        [Query("max by (state) (ordercast_live_prediction_rows)", "{{state}}")],
        width=12,
    ),
    Panel(
        "Sampled predictions",
        "Those that went to the topic, and those that were lost because Kafka was away.",
        "cps",
        [Query(f"sum by (outcome) ({rate('ordercast_predictions_sampled_total')})", "{{outcome}}")],
        width=12,
    ),
]
