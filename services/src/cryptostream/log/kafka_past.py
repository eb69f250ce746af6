"""What a stream's topics say of its past, gathered message by message. Decides nothing, asks nobody."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Message

from cryptostream.core.codec import ledger
from cryptostream.core.codec.versioned import UNREADABLE
from cryptostream.core.market.candle import Ints
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err
from cryptostream.log.kafka_edge import Tell


class _Candle(msgspec.Struct):
    """All of a candle's record that is of interest here."""

    open_time: Millis


_candle: Final = msgspec.json.Decoder(_Candle)


class Entries:
    """The newest entry of each key. A record that is none is told, and left out."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.count = 0
        self.gaps: dict[bytes, Gap] = {}
        self.progress: dict[Series, Progress] = {}
        self.newer: LogError | None = None
        """Set where a newer version has written: this one must not go on as if it knew."""

    @property
    def empty(self) -> bool:
        return not self.gaps and not self.progress

    def take(self, message: Message) -> None:
        """The next record of the ledger."""
        self.count += 1
        key, value = message.key() or b"", message.value()
        if value is None:
            self.gaps.pop(key, None)
            return
        entry = ledger.decode(key, value)
        place = {"partition": message.partition(), "offset": message.offset()}
        if isinstance(entry, Err):
            if entry.error.reason == "newer_schema":
                detail = f"the ledger has a record of a newer version at {place}: {entry.error.detail}"
                self.newer = LogError(detail, fatal=True)
            else:
                self._tell.warning("ledger_record_ignored", **place, detail=entry.error.detail)
        elif isinstance(entry.value, Progress):
            self.progress[entry.value.series] = entry.value
        else:
            self.gaps[key] = entry.value


class Tail:
    """Open times of the records which the checkpoints of `series` do not account for.

    Without a checkpoint a series has no records, because the first goes together with one; but where the ledger is
    `lost`, all of its partition is read.
    """

    def __init__(
        self, series: Mapping[Series, Place], progress: Mapping[Series, Progress], tell: Tell, *, lost: bool
    ) -> None:
        self._tell = tell
        self._starts = {each: _start(progress.get(each), place, lost=lost) for each, place in series.items()}
        self._series = {(place[0], each.symbol.encode()): each for each, place in series.items()}
        self._places = series
        self._opens: dict[Series, array[int]] = {}
        self.count = 0

    @property
    def starts(self) -> dict[Place, int]:
        """Where each partition is to be read from."""
        return {place: _first(starts) for place, starts in self._by_place().items()}

    @property
    def series(self) -> Iterable[Series]:
        """Those of which records were found."""
        return self._opens.keys()

    def take(self, message: Message) -> None:
        """The next record of a partition of candles."""
        self.count += 1
        series = self._series.get((message.topic() or "", message.key() or b""))
        if series is None or (message.offset() or 0) < self._starts[series]:
            return
        try:
            opened = _candle.decode(message.value() or b"").open_time
        except UNREADABLE as error:
            place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
            self._tell.warning("candle_ignored", **place, detail=str(error))
            return
        self._opens.setdefault(series, array("q")).append(opened)

    def opens(self, series: Series) -> Ints:
        """Ascending, each once."""
        return np.unique(np.array(self._opens.get(series, ()), dtype=np.int64))

    def _by_place(self) -> dict[Place, list[int]]:
        found: dict[Place, list[int]] = {}
        for series, place in self._places.items():
            found.setdefault(place, []).append(self._starts[series])
        return found


def _start(progress: Progress | None, place: Place, *, lost: bool) -> int:
    """The first offset which the checkpoint does not account for; one of another partition says nothing."""
    if progress is None:
        return OFFSET_BEGINNING if lost else OFFSET_END
    if progress.topic_offset is None or progress.topic_offset[0] != place[1]:
        return OFFSET_BEGINNING
    return progress.topic_offset[1] + 1


def _first(starts: list[int]) -> int:
    """The earliest of some offsets; the end, where it is the only one."""
    known = [start for start in starts if start != OFFSET_END]
    if OFFSET_BEGINNING in known:
        return OFFSET_BEGINNING
    return min(known, default=OFFSET_END)
