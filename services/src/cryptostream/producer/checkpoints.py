"""Which series' checkpoints are to be written, and with what. Decides nothing: `core.stream.checkpoint` does."""

from collections.abc import Iterable, Mapping

from cryptostream.core.codec.record import topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Newest
from cryptostream.core.stream.checkpoint import due_at, is_news, progress_of, untold_gaps
from cryptostream.core.stream.series_state import SeriesState
from cryptostream.producer.wakes import Wakes


class Checkpoints:
    """The last checkpoint of each series, and the series that have changed since. Used by one thread."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._last: dict[Series, Progress] = {}
        self._newest: dict[Series, tuple[int, int]] = {}
        self._wakes: Wakes[Series] = Wakes()

    def remember(self, left: Progress) -> None:
        """An earlier run left this."""
        self._last[left.series] = left
        if left.topic_offset is not None:
            self._newest[left.series] = left.topic_offset

    def changed(self, state: SeriesState) -> None:
        """A series has changed: its checkpoint is due as soon as it may be written."""
        self._wakes.set(state.series, due_at(self._last.get(state.series), state) // 1000)

    def due(self, states: Mapping[Series, SeriesState], now: Millis, generation: int, at: int) -> list[Progress]:
        """Checkpoints to be written at `now` (ms), with `at` (µs) as their time."""
        told = self._told((states[series] for series in self._wakes.due(now)), generation, at)
        return [each for each in told if is_news(self._last.get(each.series), each)]

    def last_words(self, states: Iterable[SeriesState], generation: int, at: int) -> list[Gap | Progress]:
        """All that is to be written of series that stop: also where the log has come to, so that no tail is left."""
        stopping = tuple(states)
        gaps = [gap for state in stopping for gap in untold_gaps(state)]
        told = self._told(stopping, generation, at)
        return [*gaps, *(each for each in told if is_news(self._last.get(each.series), each) or self._is_ahead(each))]

    def written(self, checkpoints: Iterable[Progress], newest: Newest, published: Iterable[Series]) -> None:
        """The log has these, and its newest records of the series `published`."""
        for told in checkpoints:
            self._last[told.series] = told
        for series in published:
            place = newest.get((topic(self._stream, series.interval), series.symbol.encode()))
            if place is not None:
                self._newest[series] = place

    def forget(self, series: Series) -> None:
        """A series has stopped."""
        self._wakes.set(series, None)

    def _told(self, states: Iterable[SeriesState], generation: int, at: int) -> Iterable[Progress]:
        for state in states:
            place = self._newest.get(state.series)
            yield progress_of(state, topic_offset=place, generation=generation, at=at)

    def _is_ahead(self, now: Progress) -> bool:
        last = self._last.get(now.series)
        return last is None or now.topic_offset != last.topic_offset
