"""How long the last training took that was like one: all that can be said of its time before its first epoch."""

from datetime import timedelta

from ordercast.client import Client
from ordercast.client.training_answers import Training
from ordercast.services.console.parts import Missing, ask


async def last_like_it(client: Client, training: Training) -> timedelta | None:
    """None: it has come to an epoch, and is told by its own pace; or there was none lately.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    if training.progress.epoch:
        return None
    newest = await ask("trainer", client.trainer.newest())
    if isinstance(newest, Missing):
        return None
    return next((took for one in newest if _work(one) == _work(training) and (took := _took(one))), None)


def _work(training: Training) -> tuple[object, ...]:
    return training.recipe, training.members, training.epochs, training.batch_size, training.horizon_days


def _took(training: Training) -> timedelta | None:
    """One that failed or was cancelled tells nothing of how long the work takes."""
    if training.status != "succeeded" or training.started_at is None or training.finished_at is None:
        return None
    return training.finished_at - training.started_at
