"""Up to where the ledger accounts for records: never further than it does, and not much less far."""

from collections import defaultdict

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Newest, NewRecord, Place
from cryptostream.log.kafka_coverage import LAG, Coverage, place_of
from cryptostream.log.kafka_edge import Unobserved
from cryptostream.log.kafka_past import Tail
from tests.support.kafka_stream import checkpoint, gap, new_records
from tests.support.stored import BTC_1M, MINUTE, T0, candles

STREAM = "market.majors"
ETH_1M, BTC_1H = Series("ETHUSDC", "1m"), Series("BTCUSDC", "1h")
PLACE = place_of(STREAM, BTC_1M, 1)


def known(*progress: Progress, tail: tuple[Series, ...] = (), ends: dict[Place, int] | None = None) -> Coverage:
    coverage = Coverage(STREAM)
    coverage.read(1, {entry.series: entry for entry in progress}, tail, ends or {})
    return coverage


def records(series: Series, count: int = 1) -> list[NewRecord]:
    return new_records(STREAM, candles(series, [T0 + place * MINUTE for place in range(count)]))


def at(series: Series, offset: int) -> Newest:
    topic, partition = place_of(STREAM, series, 1)
    return {(topic, series.symbol.encode()): (partition, offset)}


def test_nothing_is_known_before_the_ledger_was_read() -> None:
    assert not Coverage(STREAM).known
    assert known().known


def test_the_first_record_of_a_series_goes_with_a_checkpoint_that_accounts_for_nothing() -> None:
    coverage = known(ends={PLACE: 70})
    (first,), last = coverage.complete([*records(BTC_1M, 3), *records(BTC_1M)], [])
    assert last == []
    assert (first.series, first.start, first.next_open, first.published) == (BTC_1M, T0, T0, 0)
    assert first.topic_offset == (0, 69)
    coverage.committed(at(BTC_1M, 73), [first], [])
    assert coverage.complete(records(BTC_1M), []) == ([], [])


def test_records_of_other_topics_have_no_checkpoints() -> None:
    others = [NewRecord(f"{STREAM}.alerts", b"BTCUSDC", b"{}"), NewRecord(f"{STREAM}.prices-7m", b"BTCUSDC", b"{}")]
    assert known().complete(others, []) == ([], [])


def test_gaps_go_before_the_checkpoints_that_name_them() -> None:
    entry, hole = checkpoint(BTC_1M, T0, T0), gap(BTC_1M, T0, T0, 1)
    assert known(entry).complete([], [entry, hole]) == ([], [hole, entry])


def test_a_checkpoint_of_all_that_was_published_is_raised_to_the_newest_of_its_partition() -> None:
    mine, other = checkpoint(BTC_1M, T0, T0), checkpoint(ETH_1M, T0, T0)
    coverage = known(mine, other)
    coverage.committed(at(BTC_1M, 5), [], [])
    coverage.committed(at(ETH_1M, 9), [], [])
    _, last = coverage.complete([], [replace(mine, topic_offset=(0, 5)), replace(other, topic_offset=(0, 9))])
    assert [entry.topic_offset for entry in last if isinstance(entry, Progress)] == [(0, 9), (0, 9)]


def test_a_checkpoint_that_does_not_know_the_newest_record_of_its_series_stays_as_it_is() -> None:
    mine, other = checkpoint(BTC_1M, T0, T0, topic_offset=(0, 4)), checkpoint(ETH_1M, T0, T0)
    coverage = known(mine, other)
    coverage.committed(at(BTC_1M, 5), [], [])
    coverage.committed(at(ETH_1M, 9), [], [])
    assert coverage.complete([], [mine]) == ([], [mine])


def test_checkpoints_of_quiet_series_follow_their_partition() -> None:
    quiet, never = checkpoint(ETH_1M, T0, T0, topic_offset=(0, 3)), checkpoint(Series("XRPUSDC", "1m"), T0, T0)
    coverage = known(checkpoint(BTC_1M, T0, T0), quiet, never)
    coverage.committed(at(BTC_1M, LAG + 50), [], [])
    _, last = coverage.complete(records(BTC_1M), [])
    assert last == [replace(each, topic_offset=(0, LAG + 50)) for each in (quiet, never)]
    coverage.committed({}, [], last)
    assert coverage.complete(records(BTC_1M), []) == ([], [])


def test_a_series_with_records_that_no_checkpoint_tells_of_is_not_quiet() -> None:
    found = checkpoint(ETH_1M, T0, T0, topic_offset=(0, 3))
    coverage = known(checkpoint(BTC_1M, T0, T0), found, tail=(ETH_1M,))
    coverage.committed(at(BTC_1M, LAG + 50), [], [])
    assert coverage.complete([], []) == ([], [])


# ---------------------------------------------------------------- any history, with restarts

SERIES = (BTC_1M, ETH_1M, BTC_1H)
Call = tuple[dict[Series, int], dict[Series, bool], bool]
calls = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(SERIES), st.integers(1, 700), max_size=3),
        st.dictionaries(st.sampled_from(SERIES), st.booleans(), max_size=3),
        st.booleans(),
    ),
    max_size=30,
)


class Broker:
    """One partition a topic, a compacted ledger, and for each entry how many records of its series it accounts for."""

    def __init__(self) -> None:
        self.end: defaultdict[str, int] = defaultdict(int)
        self.offsets: defaultdict[Series, list[int]] = defaultdict(list)
        self.ledger: dict[Series, Progress] = {}
        self.accounted: defaultdict[Series, int] = defaultdict(int)

    def tail(self) -> Tail:
        places = {series: place_of(STREAM, series, 1) for series in SERIES}
        return Tail(places, self.ledger, Unobserved(), lost=not self.ledger)

    def unaccounted(self) -> list[Series]:
        return [series for series in SERIES if len(self.offsets[series]) > self.accounted[series]]

    def restarted(self) -> Coverage:
        coverage = Coverage(STREAM)
        coverage.read(1, self.ledger, self.unaccounted(), {(topic, 0): end for topic, end in self.end.items()})
        return coverage

    def call(self, coverage: Coverage, counts: dict[Series, int], entries: dict[Series, bool]) -> None:
        """Publish so many records and these checkpoints, which know the newest record before, or none."""
        new = [record for series, count in counts.items() for record in records(series) * count]
        known = {each: bool(self.offsets[each]) and newest for each, newest in entries.items()}
        made = {
            each: checkpoint(each, T0, T0, topic_offset=(0, self.offsets[each][-1]) if newest else None)
            for each, newest in known.items()
        }
        first, last = coverage.complete(new, list(made.values()))
        self.ledger |= {entry.series: entry for entry in first}
        newest: dict[tuple[str, bytes], tuple[int, int]] = {}
        for series, count in counts.items():
            topic, _ = place_of(STREAM, series, 1)
            self.offsets[series] += range(self.end[topic], self.end[topic] + count)
            self.end[topic] += count
            newest[topic, series.symbol.encode()] = (0, self.offsets[series][-1])
        for entry in last:
            assert isinstance(entry, Progress)
            self.ledger[entry.series] = entry
            if entry.series in made:
                self.accounted[entry.series] = len(self.offsets[entry.series])
        coverage.committed(newest, first, last)


@given(calls)
@example(  # a series found quiet, which publishes before its checkpoint was raised
    [
        ({BTC_1M: 176, ETH_1M: 700}, {BTC_1M: False}, False),
        ({ETH_1M: 125}, {}, False),
        ({BTC_1M: 1}, {}, False),
        ({}, {}, False),
    ]
)
@settings(max_examples=60, deadline=None)
def test_a_restart_reads_all_that_no_checkpoint_accounts_for(history: list[Call]) -> None:
    broker = Broker()
    coverage = broker.restarted()
    for counts, entries, restart in history:
        broker.call(coverage, counts, entries)
        starts = broker.tail()._starts
        for series in SERIES:
            unaccounted = broker.offsets[series][broker.accounted[series] :]
            assert not unaccounted or (starts[series] != OFFSET_END and starts[series] <= unaccounted[0])
        coverage = broker.restarted() if restart else coverage


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_restart_reads_little_however_long_a_series_was_quiet(counts: list[int]) -> None:
    broker = Broker()
    coverage = broker.restarted()
    broker.call(coverage, {ETH_1M: 3}, {ETH_1M: True})
    for count in counts:
        broker.call(coverage, {BTC_1M: count}, {})
        broker.call(coverage, {}, {BTC_1M: True})
    ((place, start),) = [item for item in broker.tail().starts.items() if item[0] == place_of(STREAM, ETH_1M, 1)]
    assert broker.end[place[0]] - (0 if start == OFFSET_BEGINNING else start) <= 2 * LAG + 400
