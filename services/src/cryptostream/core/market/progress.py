"""How far the producer of a stream has come with a series: the values of a checkpoint. Pure."""

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series


class Front(msgspec.Struct, frozen=True):
    """How far an open gap has been worked off.

    Of the gap from `start` to `end` (both included), everything before `front` is published, but for the `absent`
    runs (first and last open time, ascending), which the exchange does not have.
    """

    start: Millis
    end: Millis
    front: Millis
    absent: tuple[tuple[Millis, Millis], ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint of one series: all from `start` to before `next_open` is published, or is a gap of the ledger.

    `fronts` has every open gap, and how far it is worked off. `published` and `duplicates_dropped` count since the
    series began, over all runs. `topic_offset` is partition and offset of a committed record: those of the series
    which this checkpoint does not know come after it; None where the log has no offsets that last, or nothing is
    published. `generation` is that of the assignment, `at` the time of the checkpoint in µs.
    """

    series: Series
    start: Millis
    next_open: Millis
    last_trade_id: int | None
    published: int
    duplicates_dropped: int
    topic_offset: tuple[int, int] | None
    generation: int
    at: int
    fronts: tuple[Front, ...] = ()
