"""What the consumer is given of the world. Values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptostream.consumer.observer import Observer
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import CandleStore, Clock, DeadLetters, LogReader
from cryptostream.observe.logs import Log


@dataclass(frozen=True, slots=True)
class Edges:
    """The consumer's ports.

    `listings` is asked about once a second for the first open times that the exchange has, as far as they are
    known. `clock` tells exchange time.
    """

    reader: LogReader
    store: CandleStore
    dead_letters: DeadLetters
    clock: Clock
    listings: Callable[[], Mapping[Series, Millis]]
    observer: Observer
    log: Log
