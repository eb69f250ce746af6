"""The exchange's clock as it is measured over a network, on clocks of any speed; bans that others tell of."""

from collections.abc import Callable
from typing import Any

import pytest

from cryptostream.clock import ExchangeClock, ManualClock, ScaledClock
from cryptostream.core.market.interval import SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.series_state import ProducerConfig
from cryptostream.observe.metrics import Metrics
from cryptostream.producer.ban import Ban, Guarded
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.watch import Watch

NOW = 1_700_000_000_000
BTC = Series("BTCUSDC", "1m")
JOB = Job("a.b", {}, {}, ProducerConfig(), simulated=True)


class Warnings:
    """A log that keeps its warnings."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warning(self, event: str, **_: object) -> None:
        self.told.append(event)


class Far:
    """An exchange `round_trip` away: each measurement is wrong by as much as it may be, to either side in turn."""

    def __init__(self, clock: ExchangeClock, sleep: Callable[[], None], truth: Millis = 0) -> None:
        self._clock = clock
        self._sleep = sleep
        self.truth = truth
        self._sign = 1

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        before = self._clock.now()
        self._sleep()
        error = (self._clock.now() - before) // 2
        self._sign = -self._sign
        return Ok(self.truth + self._sign * error)


def watching(clock: ExchangeClock, exchange: Any, log: Any) -> Watch:
    nothing: Any = None
    edges = Edges(
        journal=nothing,
        ledger=nothing,
        urgent=exchange,
        background=exchange,
        feed=None,
        clock=clock,
        room=lambda: True,
        observer=Metrics("a.b", clock.now, simulated=True),
        log=log,
    )
    return Watch(lambda: JOB, edges, lambda *_: None)


@pytest.mark.parametrize("speed", [1, 200, 5000])
def test_a_clock_that_has_not_moved_is_not_called_moved(speed: int) -> None:
    """However fast it runs: a round trip of 10 ms is two seconds of a clock at 200 times the wall's pace."""
    nanos = [0]
    clock = ExchangeClock(ScaledClock(NOW, speed, lambda: nanos[0]))

    def sleep() -> None:
        nanos[0] += 10_000_000

    log = Warnings()
    watch = watching(clock, Far(clock, sleep), log)
    for _ in range(20):
        watch.clock()
    assert log.told == []
    assert abs(clock.offset) <= 5 * speed


def test_a_clock_that_has_moved_is_told_of_and_followed() -> None:
    manual = ManualClock(NOW)
    clock, log = ExchangeClock(manual), Warnings()
    exchange = Far(clock, lambda: manual.advance(40), truth=7 * SECOND)
    watch = watching(clock, exchange, log)
    watch.clock()
    assert log.told == [], "the first measurement moves nothing"
    exchange.truth = -3 * SECOND
    watch.clock()
    assert log.told == ["clock_moved"]
    assert abs(clock.offset + 3 * SECOND) <= 20


def test_a_better_measurement_replaces_a_worse_one_and_not_the_other_way() -> None:
    manual = ManualClock(NOW)
    clock, trip = ExchangeClock(manual), [9000]
    watch = watching(clock, Far(clock, lambda: manual.advance(trip[0]), truth=100), Warnings())
    watch.clock()
    assert abs(clock.offset - 100) == 4500
    trip[0] = 20
    watch.clock()
    good = clock.offset
    assert abs(good - 100) == 10
    trip[0] = 9000
    watch.clock()
    assert clock.offset == good


def test_while_others_are_banned_the_exchange_is_not_asked() -> None:
    manual = ManualClock(NOW)

    class Asked:
        def clock_offset(self) -> Ok[Millis]:
            return Ok(1)

        def symbols(self, names: Any) -> Ok[dict[str, Any]]:
            return Ok({name: name for name in names})

        def klines(self, series: Series, start: Millis, limit: int) -> Ok[KlinePage]:
            assert series == BTC
            return Ok(KlinePage((), start, limit))

    ban, exchange = Ban(manual), Asked()
    guarded: Any = Guarded(exchange, ban)  # type: ignore[arg-type]  # its answers are made up

    def answers() -> list[Any]:
        return [guarded.clock_offset(), guarded.symbols(["a"]), guarded.klines(BTC, 2, 3)]

    free = [Ok(1), Ok({"a": "a"}), Ok(KlinePage((), 2, 3))]
    assert answers() == free
    ban.set(NOW + SECOND)
    for answer in answers():
        assert isinstance(answer, Err)
        assert (answer.error.fault, answer.error.retry_at) == ("banned", NOW + SECOND)
    manual.advance(SECOND)
    assert (ban.until, answers()) == (None, free)
    ban.set(NOW + 2 * SECOND)
    ban.set(None)
    assert answers() == free
