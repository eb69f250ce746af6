from dataclasses import dataclass, field
from threading import Event, Timer

import pytest

from cryptostream.consumer import patience as patience_module
from cryptostream.consumer.patience import Backoff, Halt, Patience, Waiting
from cryptostream.core.ports import LogError, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics

NOW = 1_700_000_000_000


@dataclass
class Reader:
    """What it was told, and what it answers the next times."""

    told: int = 0
    answers: list[LogError] = field(default_factory=list)

    def keep(self) -> Result[None, LogError]:
        self.told += 1
        return Err(self.answers.pop(0)) if self.answers else Ok(None)


def patient(backoff: Backoff, reader: Reader | None = None, metrics: Metrics | None = None) -> Patience:
    return Patience(
        Log(),
        backoff,
        lambda: 0.0,
        keep=(reader or Reader()).keep,
        now=lambda: NOW,
        observer=metrics or Metrics("s", lambda: NOW + 2500, simulated=True),
    )


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

    patience = patient(Backoff())
    assert patience.until_done("writing", call) == Err(Halt(f"writing: {error.detail}", fatal=True))
    assert len(calls) == 1


def test_what_is_waited_for_is_told_while_it_lasts() -> None:
    metrics = Metrics("s", lambda: NOW + 2500, simulated=True)
    patience = patient(Backoff(0.0, 0.0), metrics=metrics)
    seen: list[Waiting | None] = []
    told: list[bool] = []

    def call() -> Result[int, StoreError]:
        seen.append(patience.waiting)
        told.append(b'waiting_seconds{part="store",stream="s"} 2.5' in metrics.render())
        return Err(StoreError("away", retryable=True)) if len(seen) < 3 else Ok(7)

    assert patience.until_done("reading", call) == Ok(7)
    assert seen == [None, Waiting("reading", "away", NOW, 1), Waiting("reading", "away", NOW, 2)]
    assert told == [False, True, True]
    assert patience.waiting is None
    assert b'waiting_seconds{part="store",stream="s"} 0.0' in metrics.render()


def test_a_stop_ends_the_waiting() -> None:
    patience = patient(Backoff(3600.0, 3600.0))
    patience.stop = Event()
    patience.stop.set()

    def call() -> Result[int, LogError]:
        return Err(LogError("away"))

    halted = patience.until_done("reading", call)
    assert isinstance(halted, Err)
    assert not halted.error.fatal


# ---------------------------------------------------------------- staying in the group


def away() -> Result[int, StoreError]:
    return Err(StoreError("away", retryable=True))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is to be told every few milliseconds."""
    monkeypatch.setattr(patience_module, "CONTACT", 0.005)


@pytest.mark.usefixtures("often")
def test_who_waits_tells_the_reader_again_and_again() -> None:
    reader = Reader()
    patience = patient(Backoff(3600.0, 3600.0), reader)
    patience.stop = Event()
    Timer(0.2, patience.stop.set).start()
    assert patience.until_done("storing", away) == Err(Halt("stopped while waiting (storing)"))
    assert reader.told >= 5


@pytest.mark.usefixtures("often")
def test_partitions_lost_while_waiting_end_the_wait() -> None:
    patience = patient(Backoff(3600.0, 3600.0), Reader(answers=[LogError("away"), LogError("others", lost=True)]))
    assert patience.until_done("storing", away) == Err(Halt("staying in the group: others", lost=True))
    assert patience.waiting is None


@pytest.mark.usefixtures("often")
def test_a_reader_at_its_end_ends_the_wait() -> None:
    patience = patient(Backoff(3600.0, 3600.0), Reader(answers=[LogError("closed", fatal=True)]))
    assert patience.until_done("storing", away) == Err(Halt("staying in the group: closed", fatal=True))


def test_a_call_that_says_lost_is_not_tried_again() -> None:
    def lost() -> Result[int, LogError]:
        return Err(LogError("others", lost=True))

    assert patient(Backoff()).until_done("committing", lost) == Err(Halt("committing: others", lost=True))
