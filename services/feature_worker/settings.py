"""feature_worker's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.services.shared.process.settings import PROCESS_NAME, ServiceSettings, process_name


class RepairSettings(BaseSettings):
    """What looking into the streams takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")


class FeatureWorkerSettings(ServiceSettings):
    """Each field is the variable ORDERCAST_<FIELD>."""

    partitions: int = Field(default=8, ge=1, description="of the topics orders and views; fixed for a system's life")
    port: int = Field(default=8003, ge=0, le=65_535, description="for health and metrics")

    worker_id: str = Field(default_factory=process_name, min_length=1, description=PROCESS_NAME)
    worker_group: str = Field(default="feature_worker", min_length=1, description="Kafka's consumer group")
    worker_session_s: float = Field(
        default=15.0, ge=6, description="another worker takes over what a dead one had after so long"
    )
    # Larger batches gain little more and hold their rows longer; events that wait are applied together at once.
    worker_batch_events: int = Field(default=2_000, ge=1, le=20_000, description="most events of one transaction")
    # Both by partition. So many in a row are no accident, whatever is in between elsewhere; and one bad event in five, when
    # good and bad ones take turns, is a producer, a release or a stranger, not a few bad events.
    max_dead_letters_in_a_row: int = Field(
        default=100,
        ge=1,
        description="refused events of a partition one after the other; one more raises the alarm; 1,000: no limit",
    )
    max_dead_letter_ratio: float = Field(
        default=0.2, gt=0, le=1, description="refused of a partition's last 1,000 events; one more raises the alarm"
    )
    # Longer than a restart of either server, shorter than somebody would wait who looks at a stale table.
    worker_stuck_after_s: float = Field(default=60.0, gt=0, description="no progress for so long ends the process")
    # Twice the usual time between two scrapes. A restart would not help, so the pause delays nothing.
    worker_alarm_shown_s: float = Field(default=30.0, ge=0, description="a worker that must stop shows why for so long")
