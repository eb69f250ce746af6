"""What the producer is given of the world, and what it has to do. Values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptostream.clock import ExchangeClock
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import Exchange, FeedEvent, Journal, Ledger, LiveFeed
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import ProducerConfig
from cryptostream.observe.logs import Log
from cryptostream.producer.observer import Observer


@dataclass(frozen=True, slots=True)
class Job:
    """What one producer has to do.

    `starts` gives each series the open time from which it must be complete. `ranges` is set for a recording
    alone: first and last open time of what it holds. `poll_seconds` is set in mode `Rest`: one cycle a period.
    `generation` counts changes of the assignment.
    """

    stream: str
    symbols: Mapping[str, Symbol]
    starts: Mapping[Series, Millis]
    config: ProducerConfig
    simulated: bool
    ranges: Mapping[Series, tuple[Run, ...]] | None = None
    poll_seconds: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Edges:
    """The producer's ports. The ledger is asked by the producer's thread, but for `published`, which fetches ask.

    `urgent` answers what the live lane and repairs ask, `background` history, audits and listings. `feed` makes
    the live feed for a callback; None where there is none. `room` tells whether the log can take history now:
    live candles never wait for it.
    """

    journal: Journal
    ledger: Ledger
    urgent: Exchange
    background: Exchange
    feed: Callable[[Callable[[FeedEvent], None]], LiveFeed] | None
    clock: ExchangeClock
    room: Callable[[], bool]
    observer: Observer
    log: Log
