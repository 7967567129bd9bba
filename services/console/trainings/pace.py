"""How long the epochs take that are left of a training, by those that passed while it was followed."""

from datetime import timedelta

from ordercast.client.training_answers import Progress


class Pace:
    """When earlier epochs passed is not known: before the first one a training waits for the feature worker, and one that starts
    anew has lost some. Hence only what was seen to pass counts; nothing is told before."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._first_passed: tuple[int, float] | None = None
        self._last_passed: tuple[int, float] | None = None

    def see(self, progress: Progress, now: float) -> timedelta | None:
        """What is left at this pace, at the moment `now` (s). After the last epoch it is judged, which has no pace."""
        if self._last is None or progress.epoch < self._last:
            self._first_passed = self._last_passed = None
        elif progress.epoch > self._last:
            self._last_passed = progress.epoch, now
            self._first_passed = self._first_passed or self._last_passed
        self._last = progress.epoch
        if self._first_passed is None or self._last_passed is None or self._first_passed == self._last_passed:
            return None
        (first, began), (last, ended) = self._first_passed, self._last_passed
        left = progress.epochs - progress.epoch
        return timedelta(seconds=left * (ended - began) / (last - first)) if left else None
