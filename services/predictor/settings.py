"""The predictor's settings, from the environment. Read by `__main__` alone, which hands them to the wiring."""

from pathlib import Path

from pydantic import Field

from ordercast.services.shared.process.settings import ServiceSettings


class PredictorSettings(ServiceSettings):
    """Each field is the variable ORDERCAST_<FIELD>."""

    artifacts_dir: Path = Field(description="the folder that the trainer writes versions to; only read here")
    partitions: int = Field(default=8, ge=1, description="of the topic predictions; fixed for a system's life")
    # A shop of 100,000 such pairs a day then keeps 2 million of them, some 400 MB.
    prediction_sample: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of the pairs answered on a day whose predictions are kept, to be judged by what is ordered; 0: none",
    )
    port: int = Field(default=8002, ge=0, le=65_535)
    token_public_key_file: Path = Field(description="PEM, Ed25519")
    model_public_key_file: Path | None = Field(
        default=None,
        description="PEM, Ed25519: versions have to be signed by its private key; any is served without it",
    )
    # A tenth of what a process answers. By account, and by address without a token: behind a proxy that is everybody's.
    predictions_per_minute: int = Field(
        default=30_000, ge=1, description="GET /predictions of a caller, and as many for pairs"
    )
    # Each may take 0.1 s of a processor.
    prediction_batches_per_minute: int = Field(
        default=300, ge=1, description="POST /predictions of a caller, 4 at once; as many of an account's pages"
    )
    # Features of a past date take up to a second of a processor to make, the intervals of its week up to ten.
    past_dates_per_minute: int = Field(default=10, ge=1, description="questions with as_of of a customer")
