from ordercast.services.order_api.audit.record_failures import FAILURES_IN_ALL, FAILURES_OF_ADDRESS, LimitFailures

MINUTE = 60 * 10**9


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def test_of_a_flood_of_failed_log_ins_few_get_a_line_and_the_next_one_says_how_many_did_not() -> None:
    clock = Clock()
    limit = LimitFailures(clock)
    written = [limit.admitted("10.0.0.1") for _ in range(1_000)]
    assert written == [0] * FAILURES_OF_ADDRESS + [None] * (1_000 - FAILURES_OF_ADDRESS)
    assert limit.admitted("10.0.0.2") == 1_000 - FAILURES_OF_ADDRESS
    assert limit.admitted("10.0.0.2") == 0

    clock.now += MINUTE
    from_everywhere = [limit.admitted(f"10.0.1.{number}") for number in range(1_000)]
    assert sum(left_out is not None for left_out in from_everywhere) == FAILURES_IN_ALL
