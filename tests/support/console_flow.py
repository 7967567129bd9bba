"""The numbers of a shop's services as they are told: pages of metrics that a test sets, and lets go on."""

from dataclasses import dataclass
from typing import Final

VERSION: Final = "20261120T0400-d"
TRAINED_AT: Final = 1_795_000_000


@dataclass
class Numbers:
    """Counters and gauges of the flow. All services answer with what is theirs."""

    orders: float = 0
    views: float = 0
    published: float = 0
    backlog: float = 0
    oldest_s: float = 0
    refused_by_kafka: float = 0
    applied: float = 0
    lag_events: float = 0
    lag_s: float = 0
    fresh_s: float = 0.2
    refused: float = 0
    predictions: float = 0
    training: float = 0

    def pages(self) -> dict[str, str]:
        return {
            "order_api": f"ordercast_orders_accepted_total {self.orders}\nordercast_views_accepted_total {self.views}\n",
            "relay": (
                f"ordercast_outbox_published_total {self.published}\n"
                f"ordercast_outbox_backlog_events {self.backlog}\n"
                f"ordercast_outbox_oldest_seconds {self.oldest_s}\n"
                f"ordercast_outbox_dead_letters_events {self.refused_by_kafka}\n"
            ),
            "feature_worker": (
                f'ordercast_worker_events_total{{outcome="applied",topic="orders"}} {self.applied}\n'
                f'ordercast_worker_events_total{{outcome="repeated",topic="orders"}} 7.0\n'
                f'ordercast_worker_lag_events{{partition="0",topic="orders"}} {self.lag_events}\n'
                f'ordercast_worker_lag_events{{partition="0",topic="views"}} 0.0\n'
                f'ordercast_worker_lag_seconds{{partition="0",topic="orders"}} {self.lag_s}\n'
                f'ordercast_worker_freshness_seconds_sum{{topic="orders"}} {self.applied * self.fresh_s}\n'
                f'ordercast_worker_freshness_seconds_count{{topic="orders"}} {self.applied}\n'
                f'ordercast_worker_dead_letters_total{{reason="InvalidBody",topic="orders"}} {self.refused}\n'
                "ordercast_worker_gap_streams 0.0\n"
            ),
            "trainer": (
                f"ordercast_training_progress_ratio {self.training}\n"
                'ordercast_trainings_total{status="succeeded"} 3.0\n'
            ),
            "predictor": (
                f'ordercast_predictions_total{{kind="pair"}} {self.predictions}\n'
                f"ordercast_prediction_seconds_sum {0.0004 * self.predictions}\n"
                f"ordercast_prediction_seconds_count {self.predictions}\n"
                f'ordercast_model_served_info{{recipe="demand",version="{VERSION}"}} 1.0\n'
                f'ordercast_model_created_timestamp_seconds{{recipe="demand"}} {TRAINED_AT}\n'
            ),
        }

    def go_on(self, seconds: float, *, orders: float = 3, views: float = 12, counted: float | None = None) -> None:
        """So long with so many a second; `counted` is what the feature worker does, all of it if not given."""
        come = (orders + views) * seconds
        done = come if counted is None else counted * seconds
        self.orders += orders * seconds
        self.views += views * seconds
        self.published += orders * seconds
        self.predictions += 2 * seconds
        self.lag_events = max(0.0, self.lag_events + come - done)
        self.lag_s = self.lag_events / 10
        self.applied += done
