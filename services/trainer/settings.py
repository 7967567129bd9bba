"""The trainer's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.services.shared.process.settings import PROCESS_NAME, process_name
from ordercast.services.shared.telemetry.logs import LogFormat


class TrainerSettings(BaseSettings):
    """Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")
    kafka_bootstrap: str = Field(description="host:port of a broker")
    artifacts_dir: Path = Field(description="the folder that versions are written to")
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65_535)
    token_public_key_file: Path = Field(description="PEM, Ed25519")
    log_format: LogFormat = "console"
    trainer_id: str = Field(default_factory=process_name, min_length=1, description=PROCESS_NAME)
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
