from threading import Event

import pytest

from cryptostream.consumer.patience import Backoff, Halt, Patience
from cryptostream.core.ports import LogError, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log


@pytest.mark.parametrize(
    ("attempt", "chance", "delay"), [(0, 0.0, 0.5), (1, 0.0, 1.0), (3, 0.0, 4.0), (9, 0.0, 5.0), (10_000, 0.5, 3.75)]
)
def test_delays_double_up_to_a_cap_less_a_chance(attempt: int, chance: float, delay: float) -> None:
    assert Backoff(0.5, 5.0).delay(attempt, chance) == delay


@pytest.mark.parametrize("error", [StoreError("broken", retryable=False), LogError("fenced", fatal=True)])
def test_what_cannot_succeed_is_not_tried_again(error: StoreError | LogError) -> None:
    calls: list[int] = []

    def call() -> Result[int, StoreError]:
        calls.append(1)
        return Err(error)  # type: ignore[arg-type]

    patience = Patience(Log(), Backoff(), lambda: 0.0)
    assert patience.until_done("writing", call) == Err(Halt(f"writing: {error.detail}", fatal=True))
    assert len(calls) == 1


def test_the_fault_is_told_while_it_lasts() -> None:
    patience = Patience(Log(), Backoff(0.0, 0.0), lambda: 0.0)
    seen: list[str | None] = []

    def call() -> Result[int, LogError]:
        seen.append(patience.fault)
        return Err(LogError("away")) if len(seen) < 3 else Ok(7)

    assert patience.until_done("reading", call) == Ok(7)
    assert seen == [None, "reading: away", "reading: away"]
    assert patience.fault is None


def test_a_stop_ends_the_waiting() -> None:
    patience = Patience(Log(), Backoff(3600.0, 3600.0), lambda: 0.0)
    patience.stop = Event()
    patience.stop.set()

    def call() -> Result[int, LogError]:
        return Err(LogError("away"))

    halted = patience.until_done("reading", call)
    assert isinstance(halted, Err)
    assert not halted.error.fatal
