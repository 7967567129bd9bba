"""Publishing around records that the broker refuses for good: finds them, so that the others get through."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple

from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused


class Outcome(NamedTuple):
    """The next `arrived` records arrived; `refusal` tells why the one after them never will, None if that is not said."""

    arrived: int
    refusal: RecordRefused | None


async def publish_around_refused(
    publish: Callable[[int, int], Awaitable[None]], count: int
) -> AsyncGenerator[Outcome, None]:
    """What becomes of `count` records, in their order. `publish(start, end)` publishes these of them.

    A batch with a bad record is refused whole, and the client does not tell which one it is: halves are sent until it stands
    alone. No range is sent twice, so `bad` such records cost at most 1 + 2 bad log2(count) requests.

    Raises:
        BrokerUnavailable: from `publish`, after the outcome of what arrived for certain.
    """
    # The ranges still to publish: from `done` to the last of `ends`, from there to the one before it.
    done, ends = 0, [count]
    # A bad record stands between `done` and `refused_end`.
    refusal, refused_end = RecordRefused("none yet"), -1
    while done < count:
        end = ends[-1]
        if end != refused_end:
            try:
                await publish(done, end)
            except RecordRefused as error:
                arrived, refusal, refused_end = error.arrived, error, end
            except BrokerUnavailable as error:
                yield Outcome(error.arrived, None)
                raise
            else:
                arrived = end - done
                ends.pop()
            done += arrived
            yield Outcome(arrived, None)
        elif end - done == 1:
            ends.pop()
            done, refused_end = end, -1
            yield Outcome(0, refusal)
        else:
            ends.append((done + end) // 2)
