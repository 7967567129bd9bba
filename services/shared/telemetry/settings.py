"""Where traces go: OpenTelemetry's standard variables, as far as this project decides by them.

The SDK reads the others itself: OTEL_SERVICE_NAME (by default the service's), OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER_ARG,
OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT, _COMPRESSION and _CERTIFICATE.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Lower = BeforeValidator(_lower)
LogFormat = Literal["console", "json"]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], Lower]
Protocol = Annotated[Literal["http/protobuf"], Lower]


class TracingSettings(BaseSettings):
    """Each field is the variable OTEL_<FIELD>; one that is empty counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix="OTEL_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True, extra="ignore"
    )

    exporter_otlp_endpoint: HttpUrl | None = Field(default=None, description="http://host:4318; not set: no traces")
    exporter_otlp_traces_endpoint: HttpUrl | None = Field(default=None, description="the whole URL, for traces alone")
    exporter_otlp_protocol: Protocol = "http/protobuf"
    exporter_otlp_traces_protocol: Protocol = "http/protobuf"
    traces_exporter: Annotated[Literal["otlp", "none"], Lower] = "otlp"
    sdk_disabled: Annotated[Literal["true", "false"], Lower] = "false"
    traces_sampler: Annotated[
        Literal[
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ],
        Lower,
    ] = "parentbased_always_on"
    # Beyond that many spans that wait, new ones are dropped: half a minute's at full load, some 30 MB.
    bsp_max_queue_size: int = Field(default=16_384, ge=1, description="spans that may wait")
    bsp_max_export_batch_size: int = Field(default=512, ge=1, description="spans in one request")
    bsp_schedule_delay: int = Field(default=1_000, ge=1, description="between two requests (ms)")

    @property
    def are_exported(self) -> bool:
        """Whether anybody is there to take traces."""
        has_endpoint = (self.exporter_otlp_endpoint or self.exporter_otlp_traces_endpoint) is not None
        return has_endpoint and self.traces_exporter == "otlp" and self.sdk_disabled == "false"
