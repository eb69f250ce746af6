"""What the consumer is given of the world. Values only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptostream.consumer.observer import Observer
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import CandleStore, Clock, DeadLetters, LogError, LogReader
from cryptostream.core.result import Ok, Result
from cryptostream.observe.logs import Log


def nothing_expires(_: Sequence[Gap]) -> Result[None, LogError]:
    """For logs that delete nothing before it is read."""
    return Ok(None)


@dataclass(frozen=True, slots=True)
class Edges:
    """The consumer's ports. `clock` tells exchange time.

    `ledger` gives what the whole ledger has said since it was last asked, whichever consumer its partitions belong to:
    at first everything, at its newest state. It is asked about once a second. `name_gaps` enters gaps into it.
    """

    reader: LogReader
    store: CandleStore
    dead_letters: DeadLetters
    clock: Clock
    ledger: Callable[[], Result[Sequence[Entry], LogError]]
    observer: Observer
    log: Log
    name_gaps: Callable[[Sequence[Gap]], Result[None, LogError]] = nothing_expires
