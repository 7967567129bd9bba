"""Reads what `demand` learns from: the activity by day, all of one moment, with the positions of that moment."""

from datetime import UTC, date, datetime, timedelta

from ordercast.contracts.because import because
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.read_activity import read_activity
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.training.demand_rows import DemandRows


async def read_demand_rows(sessions: Sessions, until: date | None) -> DemandRows:
    """Everything that was known before `until`, or before tomorrow (UTC): an event may lie a day ahead, and a version that knew it
    would know more than answers are made of, and could not be made again before that day.

    Raises:
        UnusableTrainingSet: that is nothing.
    """
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    read = await read_activity(sessions, until or tomorrow)
    if not len(read.columns["day"]):
        before = f" before {until}" if until else ""
        told = because("no-data-before", until=str(until)) if until else because("no-data")
        raise UnusableTrainingSet(f"there is no data to train on: nothing was ordered or viewed{before}", told)
    return DemandRows(read.columns, read.positions)
