"""The predictor's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.services.shared.telemetry.logs import LogFormat


class PredictorSettings(BaseSettings):
    """Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")
    kafka_bootstrap: str = Field(description="host:port of a broker")
    artifacts_dir: Path = Field(description="the folder that the trainer writes versions to; only read here")
    host: str = "127.0.0.1"
    port: int = Field(default=8002, ge=0, le=65_535)
    token_public_key_file: Path = Field(description="PEM, Ed25519")
    log_format: LogFormat = "console"
