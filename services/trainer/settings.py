"""The trainer's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.services.shared.process.settings import PROCESS_NAME, ServiceSettings, process_name


class SigningSettings(BaseSettings):
    """What signing versions of before takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")
    artifacts_dir: Path = Field(description="the folder that versions are written to")
    model_private_key_file: Path = Field(description="PEM, Ed25519")


class TrainerSettings(ServiceSettings):
    """Each field is the variable ORDERCAST_<FIELD>."""

    artifacts_dir: Path = Field(description="the folder that versions are written to")
    port: int = Field(default=8001, ge=0, le=65_535)
    token_public_key_file: Path = Field(description="PEM, Ed25519")
    model_private_key_file: Path | None = Field(
        default=None, description="PEM, Ed25519: what versions are signed with; none are signed without it"
    )
    trainer_id: str = Field(default_factory=process_name, min_length=1, description=PROCESS_NAME)
    trainings_waiting: int = Field(
        default=50, ge=1, description="trainings that may wait in the queue, of all trainers together"
    )
    # At this bound a training takes hours; the defaults of the recipes with 10,000 rows are a thousandth.
    training_work: int = Field(default=10**10, ge=1, description="the most that members x epochs x rows may be")
    # Training by rule (jobs/retrain.py): off unless one of the first three is set.
    retrain_after_rows: int | None = Field(
        default=None, ge=1, description="train demand again when so many rows of activity are new since its training"
    )
    retrain_after_days: float | None = Field(
        default=None, gt=0, le=3_650, allow_inf_nan=False, description="when it is so old"
    )
    retrain_at_drift: float | None = Field(
        default=None, gt=0, le=100, allow_inf_nan=False, description="when a feature has such a PSI; 0.25 is a lot"
    )
    retrain_pause_hours: float = Field(
        default=24,
        gt=0,
        le=8_760,
        allow_inf_nan=False,
        description="at least, after a training of demand was asked for",
    )
    trainer_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="cores for a training")
    trainer_backend: Literal["local", "dask"] = Field(
        default="local", description="who trains: this machine or a cluster"
    )
    dask_scheduler: str | None = Field(
        default=None,
        validate_default=True,
        pattern=r"^(tcp|tls)://.+:[0-9]+$",
        description="tcp://host:port; for the backend dask",
    )

    @field_validator("dask_scheduler")
    @classmethod
    def _is_there_for_dask(cls, address: str | None, others: ValidationInfo) -> str | None:
        if address is None and others.data.get("trainer_backend") == "dask":
            raise PydanticCustomError("missing", "ORDERCAST_TRAINER_BACKEND=dask needs the scheduler's tcp://host:port")
        return address
