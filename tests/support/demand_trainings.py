"""Trainings of `demand` that are over soon."""

from pathlib import Path

import msgspec

from ordercast.services.trainer.networks.fit import OnNews
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import DemandJob, TrainedDemand

EPOCHS = 2


def trained_on(job: DemandJob, rows: DemandRows, on_news: OnNews = lambda _: None) -> TrainedDemand:
    from ordercast.services.trainer.training.train_demand_model import train_demand_model

    return train_demand_model(job, rows, on_news)


def job(artifacts: Path, **changes: object) -> DemandJob:
    asked = DemandJob(
        training_id="01940000-0000-7000-8000-000000000003",
        members=2,
        epochs=EPOCHS,
        batch_size=256,
        seed=1,
        horizon_days=28,
        until=None,
        publish="always",
        serving=None,
        artifacts_dir=str(artifacts),
        threads=2,
    )
    return msgspec.structs.replace(asked, **changes)
