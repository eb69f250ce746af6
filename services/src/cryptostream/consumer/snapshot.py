"""What others may know of a running consumer: frozen values, made from its state. Pure."""

from collections.abc import Mapping

import msgspec

from cryptostream.consumer.freshness import Percentiles, percentiles
from cryptostream.consumer.patience import Waiting
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Place
from cryptostream.core.stream.consumer_dirty import backlog
from cryptostream.core.stream.consumer_hand import Hand
from cryptostream.core.stream.consumer_ledger import Book, expected
from cryptostream.core.stream.consumer_state import ConsumerState, Counts, Fate, Mismatch


class SeriesSnapshot(msgspec.Struct, frozen=True):
    """One series: bounds of what is stored, records counted since the start, ages of live candles when stored.

    `next_open` and `expected` are as the ledger has them: the first open time not published, and how many candles
    there are before it; None where it says nothing.
    """

    series: Series
    first_open: Millis | None
    newest_open: Millis | None
    counts: Counts
    freshness: Percentiles
    to_recompute: int
    next_open: Millis | None = None
    expected: int | None = None


class PlaceSnapshot(msgspec.Struct, frozen=True):
    """One partition since it was gained: records `read` = those of `fate` + `queued`.

    `uncommitted` are dealt with and not committed, `expired` candles that were deleted before they were read.
    """

    place: Place
    read: int
    fate: Fate
    queued: int
    uncommitted: int
    expired: int


class ConsumerSnapshot(msgspec.Struct, frozen=True):
    """The consumer at a moment.

    `unplaced` counts dead letters that belong to no series, `parted` what was counted of series whose partitions were
    lost, `to_recompute` rows behind live writes; `rate` is in candles stored per second of real time. `waiting` says
    what is waited for. `settled`: the last poll brought nothing, all is committed, and nothing is left to be
    recomputed or checked.
    """

    series: tuple[SeriesSnapshot, ...]
    places: tuple[PlaceSnapshot, ...]
    unplaced: int
    parted: Counts
    to_recompute: int
    mismatches: tuple[Mismatch, ...]
    rate: float
    waiting: Waiting | None
    settled: bool

    @property
    def totals(self) -> Counts:
        """The counts of all series together, since the start."""
        return sum((each.counts for each in self.series), self.parted)

    @property
    def fault(self) -> str | None:
        """What is waited for, in words."""
        return None if self.waiting is None else str(self.waiting)


def snapshot_of(  # noqa: PLR0913 - the parts of a consumer, of which most are named by their callers
    state: ConsumerState,
    hand: Hand,
    book: Book,
    ages: Mapping[Series, Mapping[int, int]],
    *,
    rate: float,
    expired: Mapping[Place, int],
    waiting: Waiting | None,
    settled: bool,
) -> ConsumerSnapshot:
    """The snapshot of a consumer; `ages` are classes of `freshness`, `expired` candles by place."""
    rows = backlog(state)
    series = tuple(
        SeriesSnapshot(
            series=each,
            first_open=memory.first_open,
            newest_open=memory.newest,
            counts=memory.counts,
            freshness=percentiles(ages.get(each, {})),
            to_recompute=rows.get(each, 0),
            next_open=book.progress[each].next_open if each in book.progress else None,
            expected=expected(book, each),
        )
        for each, memory in sorted(state.series.items())
    )
    return ConsumerSnapshot(
        series=series,
        places=_places(hand, expired),
        unplaced=state.unplaced,
        parted=state.parted,
        to_recompute=sum(rows.values()),
        mismatches=state.mismatches,
        rate=rate,
        waiting=waiting,
        settled=settled,
    )


def _places(hand: Hand, expired: Mapping[Place, int]) -> tuple[PlaceSnapshot, ...]:
    return tuple(
        PlaceSnapshot(
            place=place,
            read=read,
            fate=(fate := hand.fates.get(place, Fate())),
            queued=read - fate.records,
            uncommitted=hand.held[place].records if place in hand.held else 0,
            expired=expired.get(place, 0),
        )
        for place, read in sorted(hand.read.items())
    )
