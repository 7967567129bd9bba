"""order_api's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.contracts.limits import MAX_BATCH_LINES
from ordercast.contracts.passwords import LEAST_MIN_LENGTH, MIN_LENGTH, MOST_MIN_LENGTH
from ordercast.services.shared.process.settings import PROCESS_NAME, ServiceSettings, process_name

MinLength = Annotated[
    int,
    Field(
        ge=LEAST_MIN_LENGTH, le=MOST_MIN_LENGTH, description="of a new password; below 15 only behind a second factor"
    ),
]


class OutboxSettings(BaseSettings):
    """What looking into the outbox takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")


class AdminSettings(OutboxSettings):
    """What making an admin takes."""

    password_min_length: MinLength = MIN_LENGTH
    # Not an option: other users of the machine see a process's arguments.
    admin_password: SecretStr | None = Field(default=None, description="asked for at the terminal if not given")


class _Settings(ServiceSettings):
    """What the API and the relay share."""

    partitions: int = Field(default=8, ge=1, description="of the topics orders and views; fixed for a system's life")
    webhook_private_addresses: bool = Field(
        default=False,
        description="webhooks may go to addresses that are not public, such as of the own network, and without TLS",
    )


class OrderApiSettings(_Settings):
    """The API's."""

    port: int = Field(default=8000, ge=0, le=65_535)
    token_private_key_file: Path = Field(description="PEM, Ed25519; only this service has it")
    token_public_key_file: Path = Field(description="PEM, Ed25519")
    database_pool_size: int = Field(default=10, ge=1, description="connections to PostgreSQL")
    # Few, so that what needs no token can neither take the connections of orders nor all of PostgreSQL's processors.
    reading_pool_size: int = Field(
        default=4, ge=1, description="connections to PostgreSQL for products, reviews and trends, beside the others"
    )
    # Ten a second are more than anybody clicks; a single request may count 100.
    customer_views_per_minute: int = Field(
        default=600, ge=100, description="views that a customer may add by POST /views"
    )
    # One batch of the largest.
    customer_view_lines_per_minute: int = Field(
        default=MAX_BATCH_LINES, ge=MAX_BATCH_LINES, description="lines of a customer's view batches"
    )
    # A till or a shop's backend may be one customer; a process takes many times as many.
    orders_per_minute: int = Field(
        default=3_000, ge=1, description="POST /orders of a customer; others 1,000 times as many"
    )
    reset_code_minutes: int = Field(
        default=60, ge=1, le=1_440, description="for which a code to reset a password is good"
    )
    log_in_days: int = Field(
        default=30, ge=1, le=400, description="after which a log-in ends, however often its tokens were refreshed"
    )
    # Each costs a password's hash, some 50 ms.
    address_sign_ups_per_minute: int = Field(
        default=300, ge=1, description="POST /accounts from one address; behind a proxy as many as of all clients"
    )
    # Each holds a connection to Kafka, 512 KiB of each broker's records or one larger batch, and the 500 events that it hands on,
    # each with an id that grows with the partitions: some 3 MB with 8 of them, and at most 20 MB with 128.
    event_streams: int = Field(default=50, ge=1, description="streams of GET /events at once, of a process")
    account_event_streams: int = Field(default=5, ge=1, description="streams of GET /events at once, of an account")
    # A person mistypes a few times. By the address, too, from which they come: behind a proxy that is everybody's.
    failed_log_ins_per_minute: int = Field(default=10, ge=1, description="wrong passwords of an email from one address")
    address_failed_log_ins_per_minute: int = Field(
        default=300, ge=1, description="wrong passwords from one address; behind a proxy as many as of all clients"
    )
    # A program logs in once and refreshes; a minute's worth of these takes a thread some 3 s.
    log_ins_per_minute: int = Field(
        default=60, ge=1, description="right passwords of an email from one address, at log-in and to change it"
    )
    address_log_ins_per_minute: int = Field(
        default=1_000, ge=1, description="right passwords from one address; behind a proxy as many as of all clients"
    )
    password_min_length: MinLength = MIN_LENGTH
    # Each hash takes 19 MiB while it runs; more threads than cores would only take memory.
    password_threads: int = Field(default=2, ge=1, description="passwords hashed at the same time")


class RelaySettings(_Settings):
    """The relay's."""

    port: int = Field(default=8004, ge=0, le=65_535, description="for health and metrics")
    # By shard, as the worker's by partition, and under the same names: so many refusals are no fault of single events.
    max_dead_letters_in_a_row: int = Field(
        default=100, ge=1, description="refused events of a shard one after the other; one more stops the relay"
    )
    max_dead_letter_ratio: float = Field(
        default=0.2, gt=0, le=1, description="refused of a shard's last 1,000 events; one more stops the relay"
    )
    # The database refuses to delete lines that are younger than 30 days.
    audit_days: int = Field(default=365, ge=31, description="for which lines of the audit log are kept")
    webhook_days: int = Field(default=30, ge=2, description="for which deliveries of webhooks are kept, sent or not")
    relay_id: str = Field(default_factory=process_name, min_length=1, description=PROCESS_NAME)
