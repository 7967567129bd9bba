"""The console's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

from pathlib import Path

from pydantic import Field

from ordercast.contracts.passwords import LEAST_MIN_LENGTH, MIN_LENGTH, MOST_MIN_LENGTH
from ordercast.services.shared.process.settings import HttpSettings


class ConsoleSettings(HttpSettings):
    """Each field is the variable ORDERCAST_<FIELD>. There is no database and no Kafka among them: other services are asked."""

    port: int = Field(default=8005, ge=0, le=65_535)
    order_api_url: str = Field(default="http://127.0.0.1:8000", description="where order_api answers")
    trainer_url: str = Field(default="http://127.0.0.1:8001", description="where the trainer answers")
    predictor_url: str = Field(
        default="http://127.0.0.1:8002", description="where the predictors answer, with commas; the first one is asked"
    )
    feature_worker_url: str = Field(
        default="http://127.0.0.1:8003", description="where the feature workers answer, with commas"
    )
    relay_url: str = Field(default="http://127.0.0.1:8004", description="where the relays answer, with commas")
    each_order_api_url: str | None = Field(
        default=None,
        description=(
            "a name whose addresses are one each of its processes, for health, Flow and which version each serves; "
            "the one above unless set"
        ),
    )
    each_trainer_url: str | None = Field(default=None, description="the same of the trainers")
    each_predictor_url: str | None = Field(default=None, description="the same of the predictors")
    public_order_api_url: str | None = Field(
        default=None,
        description="where whoever reads a page reaches order_api, for its commands; as this does unless set",
    )
    public_trainer_url: str | None = Field(default=None, description="the trainer, likewise")
    public_predictor_url: str | None = Field(default=None, description="the predictors, likewise")
    processes_file: Path | None = Field(
        default=None,
        description="a file with the address of each process as they come and go, in place of the addresses",
    )
    secure_cookies: bool = Field(default=False, description="cookies over HTTPS alone: set it behind a proxy with TLS")
    restart_command: str = Field(
        default="ordercast restart SERVICE",
        description="what pages name where a service is away; SERVICE stands for feature_worker, SERVICE-NAME for feature-worker",
    )
    views_sent: Path | None = Field(
        default=None, description="the file that remembers which views of files were sent; until a restart unless set"
    )
    told_of_files: Path | None = Field(
        default=None, description="the file that remembers how files of a shape are read; until a restart unless set"
    )
    password_min_length: int = Field(
        default=MIN_LENGTH,
        ge=LEAST_MIN_LENGTH,
        le=MOST_MIN_LENGTH,
        description="what the form to sign up asks for: as order_api's",
    )
    # Of one address. order_api counts what fails by account and address, and sees the console's address alone.
    log_ins_per_minute: int = Field(default=20, ge=1, description="tries to log in from one address")
