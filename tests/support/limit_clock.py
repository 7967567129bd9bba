"""The clock of a limiter under test, which is moved by hand."""


class LimitClock:
    """Nanoseconds, as limiters ask for them."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> int:
        return round(self.now_s * 1e9)
