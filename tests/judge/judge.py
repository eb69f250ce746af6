"""The judge as a whole: reads what has come, and says what is lost, duplicated or wrong.

`look` judges what is new since the last look, `verdict` everything from the beginning. Both want a settled stream: all
that had closed by `until` has arrived.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np

from tests.judge import grid
from tests.judge.columns import Bools, Columns, columns_of
from tests.judge.enriched import expected, judge_enriched
from tests.judge.exchange import Exchange
from tests.judge.findings import Findings, Verdict
from tests.judge.influx import TAGS, Influx
from tests.judge.kafka import TopicReader
from tests.judge.ledger import Ledger, judge_gaps
from tests.judge.raw import judge_gap_points, judge_raw, wanted_fields
from tests.judge.record import Message
from tests.judge.stream import Series, Stream
from tests.judge.topic import Published, Topics
from tests.judge.truth import Truth

AUDITED = 11 * grid.MINUTE
"""What the exchange restates is published after five minutes, by an audit every five minutes; one more to do it."""
PAGE = 10_000


class Judge:
    """Of one stream; `kafka` are the settings of a client that may read its topics."""

    def __init__(self, stream: Stream, kafka: Mapping[str, str | int], store: Influx, exchange: Exchange) -> None:
        self.truth = Truth()
        self.starts: list[int] = []
        """When processes of the producer were started (ms), ascending: their sessions may go back in time."""
        self.ledger = Ledger(stream)
        self.topics = Topics(stream, self.truth, self.starts)
        self.findings = Findings()
        self._stream = stream
        self._store = store
        self._exchange = exchange
        self._reader = TopicReader(kafka, (*stream.prices, stream.ledger_topic, stream.dead_letter_topic))
        self._noted = dict.fromkeys(stream.series, stream.start)
        self._judged = dict.fromkeys(stream.series, stream.start)
        self._touched: dict[Series, int] = {}
        self._dead: list[str] = []

    def note_truth(self, since: int | None = None) -> None:
        """Take in the truth as it is now: what is new, and from `since` on also what may have been restated.

        To be called directly before and after the exchange is made to restate something.
        """
        now = self._exchange.now()
        for series in self._stream.series:
            start, end = self._noted[series], grid.floor(series.interval, now)
            start = start if since is None else min(start, grid.floor(series.interval, since))
            self.truth.note(series, self._exchange.candles(series, start, end), now)
            self._noted[series] = max(self._noted[series], end)

    @property
    def ends(self) -> Mapping[tuple[str, int], int]:
        """By topic and partition the offset after the last record that was read."""
        return self._reader.ends

    def look(self, until: int) -> Findings:
        """Judge what has come since the last look, of candles closed by `until` (ms)."""
        self.read()
        begin = {each: min(self._judged[each], self._touched.get(each, until)) for each in self._stream.series}
        self._touched.clear()
        return self._judge(begin, until)

    def verdict(self, until: int) -> Verdict:
        """Judge everything that had closed by `until` (ms)."""
        self.read()
        self._judge(dict.fromkeys(self._stream.series, self._stream.start), until)
        self._judge_strays()
        candles = sum(map(len, self.topics.newest.values()))
        return Verdict(self.findings, self.topics.records, candles, tuple(self._dead))

    def read(self) -> None:
        """Take in what the topics have by now; the truth is asked after them, so that it knows what they tell."""
        messages = list(self._reader.read())
        self.note_truth()
        self.ledger.read(each for each in messages if each.topic == self._stream.ledger_topic)
        self._dead += [_told(each) for each in messages if each.topic == self._stream.dead_letter_topic]
        prices = (each for each in messages if each.topic in self._stream.prices)
        for series, open_time in self.topics.read(prices, self.ledger.expired, self.ledger.reappeared).items():
            self._touched[series] = min(self._touched.get(series, open_time), open_time)

    def _judge(self, begin: Mapping[Series, int], until: int) -> Findings:
        found = Findings()
        for series in self._stream.series:
            start, end = begin[series], grid.floor(series.interval, until)
            first = grid.first_at_or_after(series.interval, self._stream.start)
            self._judge_published(series, (max(start, first), end), until, found)
            self._judge_store(series, (max(start, first), end), found)
            self._judged[series] = max(self._judged[series], end)
        self._judge_gap_points(found, until)
        for each in (found, self.topics.findings, self.ledger.findings):
            self.findings.merge(each)
        return found

    def _judge_published(self, series: Series, span: tuple[int, int], until: int, found: Findings) -> None:
        """All that the exchange has is published as it stands; the ledger names the rest."""
        opens = self.truth.opens(series, span[1])
        published = self.topics.newest[series]
        for time in opens[bisect_left(opens, span[0]) :]:
            record = published.get(time)
            if record is None:
                found.add("lost", f"{series} {time} is not published")
            elif self._is_behind(series, time, record, until):
                found.add("lost", f"{series} {time}: what the exchange restated is not published")
        for fault in judge_gaps(series, span, opens, self.ledger.of(series)):
            found.add("wrong", fault)

    def _is_behind(self, series: Series, time: int, record: Published, until: int) -> bool:
        """Whether an audit should have found a version that is newer than what was published."""
        newest = len(self.truth.versions(series, time)) - 1
        return 0 <= record.version < newest and self.truth.restated_at(series, time) <= until - AUDITED

    def _judge_store(self, series: Series, span: tuple[int, int], found: Findings) -> None:
        columns = columns_of(series.interval, self.topics.newest[series], span[1], self._before(series, span[0]))
        tags = self._stream.tags(series)
        for page in _pages(series.interval, span):
            stored = self._store.points(self._stream.raw_bucket, "candle", self._stream.name, series, page)
            judge_raw(series, tags, stored, self._wanted(series, page), found)
        if not len(columns):
            return
        wanted = expected(self._stream.indicators, columns, adjoins(columns), simulated=self._stream.simulated)
        for page in _pages(series.interval, span):
            rows = self._store.points(self._stream.enriched_bucket, "indicators", self._stream.name, series, page)
            judge_enriched(series, tags, rows, wanted, page, found)

    def _before(self, series: Series, start: int) -> int | None:
        """From where on candles matter to rows from `start` on: what a window forgets is beyond the tolerance."""
        if start <= grid.first_at_or_after(series.interval, self._stream.start):
            return None
        windows = max((each.window for each in self._stream.indicators), default=1)
        return start - 4 * windows * (grid.following(series.interval, start) - start)

    def _wanted(self, series: Series, span: tuple[int, int]) -> dict[int, list[dict[str, float | int | str | bool]]]:
        """By open time the fields that its point must have: of its record, or of either where it came twice."""
        fields = partial(wanted_fields, simulated=self._stream.simulated)
        return {
            time: [fields(each) for each in (record, *self.topics.again.get((series, time), ()))]
            for time, record in self.topics.newest[series].items()
            if span[0] <= time < span[1]
        }

    def _judge_gap_points(self, found: Findings, until: int) -> None:
        """Of gaps that begin before `until`: those are settled."""
        span = (self._stream.start - grid.DAY, until)
        points = self._store.points(self._stream.raw_bucket, "gap", self._stream.name, None, span)
        judge_gap_points(points, [gap for gap in self.ledger.gaps.values() if gap.start < until], found)

    def _judge_strays(self) -> None:
        """Points under tags of no series."""
        known = {tuple(self._stream.tags(series)[tag] for tag in TAGS) for series in self._stream.series}
        stream = self._stream
        for bucket, measurement, field in (
            (stream.raw_bucket, "candle", "close"),
            (stream.enriched_bucket, "indicators", "revision"),
        ):
            for tags in self._store.counts(bucket, measurement, field, stream.name).keys() - known:
                self.findings.add("wrong", f"points in {bucket} with the tags {tags}")


def _told(letter: Message) -> str:
    return ", ".join(f"{name}={value.decode(errors='replace')}" for name, value in letter.headers)


def adjoins(columns: Columns) -> Bools:
    """Of each row whether the slot of the grid before it is there."""
    return np.asarray(np.diff(columns.index, prepend=columns.index[:1] - 2) == 1)


def _pages(interval: str, span: tuple[int, int]) -> Iterable[tuple[int, int]]:
    """`span` in parts of `PAGE` candles."""
    step = (grid.following(interval, span[0]) - span[0]) * PAGE
    return [(start, min(start + step, span[1])) for start in range(span[0], span[1], step)]
