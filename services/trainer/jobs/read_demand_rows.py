"""Reads what `demand` learns from: the activity by day, all of one moment, with the positions of that moment."""

from datetime import date

from ordercast.contracts.because import because
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.read_activity import read_activity
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.training.demand_rows import DemandRows


async def read_demand_rows(sessions: Sessions, until: date | None) -> DemandRows:
    """Everything that was known before `until`, or all that is known.

    Raises:
        UnusableTrainingSet: that is nothing.
    """
    read = await read_activity(sessions, until or date.max)
    if not len(read.columns["day"]):
        before = f" before {until}" if until else ""
        told = because("no-data-before", until=str(until)) if until else because("no-data")
        raise UnusableTrainingSet(f"there is no data to train on: nothing was ordered or viewed{before}", told)
    return DemandRows(read.columns, read.positions)
