"""The consumer's first half-step: records of the log → candles by series, and what must be read before. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cryptostream.core.codec.record import decode, ledger_topic
from cryptostream.core.market.candle import CandleRecord
from cryptostream.core.market.interval import DAY, INTERVALS, Interval, Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import DeadLetter, DirtyRange, LogRecord
from cryptostream.core.result import Err
from cryptostream.core.stream.consumer_config import ConsumerConfig, symbol_in
from cryptostream.core.stream.consumer_ledger import given
from cryptostream.core.stream.consumer_letters import letter, placed
from cryptostream.core.stream.consumer_reach import reads, relatives, span_of
from cryptostream.core.stream.consumer_state import Arrival, Arrivals, ConsumerState, Load, remember
from cryptostream.core.stream.runs import Run, union
from cryptostream.core.stream.windows import Window, covers, stretches


def read(config: ConsumerConfig, records: Sequence[LogRecord], now: Millis) -> Arrivals:
    """Decode a batch and sort it by series; what is no candle of this stream becomes a dead letter."""
    by_series: dict[Series, list[Arrival]] = {}
    refused: list[DeadLetter] = []
    brought: dict[str, Symbol] = {}
    ledger = ledger_topic(config.stream)
    for log in records:
        if log.topic == ledger:
            continue
        result = decode(log.value)
        if isinstance(result, Err):
            refused.append(letter(log, result.error, "decode", now))
            continue
        record = result.value
        series = config.series.get((record.symbol, record.interval))
        if series is None and (symbol := symbol_in(config, record)) is not None:
            brought[symbol.name], series = symbol, record.series
        if series is None:
            refused.append(letter(log, _foreign(config, record), "validate", now, record))
        elif (fault := _unusable(log, record, now)) is not None:
            refused.append(letter(log, fault, "validate", now, record))
        else:
            by_series.setdefault(series, []).append(Arrival(log, record))
    told = given((log for log in records if log.topic == ledger), now)
    return Arrivals(
        by_series={series: tuple(items) for series, items in by_series.items()},
        refused=(*refused, *told.refused),
        symbols=tuple(brought.values()),
        entries=told.entries,
        gaps=told.gaps,
    )


def _foreign(config: ConsumerConfig, record: CandleRecord) -> Rejected:
    if record.interval not in INTERVALS:
        return Rejected("unknown_interval", f"'{record.interval}' is not an interval of the exchange")
    if record.interval not in config.intervals:
        return Rejected("unknown_interval", f"stream {config.stream} has no interval {record.interval}")
    return Rejected("unknown_symbol", f"'{record.symbol}' does not belong to stream {config.stream}")


def _unusable(log: LogRecord, record: CandleRecord, now: Millis) -> Rejected | None:
    """What would stand in the way before validation.

    A symbol under another key comes by a partition that others may read; an open time far off leads to loads of no
    use.
    """
    if log.key != record.symbol.encode():
        return Rejected("malformed", f"the key is {log.key[:80]!r}, and the symbol {record.symbol[:80]!r}")
    if record.open_time < 0:
        return Rejected("too_early", f"open_time {record.open_time} lies before 1970")
    if record.open_time > now + DAY:
        return Rejected("in_future", f"open_time {record.open_time} lies more than a day after {now}")
    return Rejected("negative", f"revision {record.revision}") if record.revision < 0 else None


def met(config: ConsumerConfig, arrivals: Arrivals) -> set[Series]:
    """The series that a batch has to do with."""
    refused = (placed(config, each) for each in arrivals.refused)
    return {*arrivals.by_series, *(series for series in refused if series is not None)}


def ours(config: ConsumerConfig, state: ConsumerState, series: Iterable[Series]) -> Iterable[Series]:
    """Those of `series` whose symbol this consumer has met; all where it has the store to itself."""
    return (each for each in series if config.atomic or each.symbol in state.partitions)


def unknown(config: ConsumerConfig, state: ConsumerState, series: Iterable[Series]) -> tuple[Series, ...]:
    """Those of `series` and their relatives whose first and last stored open times are not known yet."""
    ours = {each for each in series if (each.symbol, each.interval) in config.series}
    return tuple(sorted((ours | {other for each in ours for other in relatives(config, each)}) - state.series.keys()))


def admit(state: ConsumerState, bounds: Mapping[Series, Run | None], dirty: Iterable[DirtyRange] = ()) -> ConsumerState:
    """Remember series by their first and last stored open time, and what the store has as dirty of them."""
    if not bounds:
        return state
    ranges: dict[Series, tuple[Run, ...]] = {}
    for each in dirty:
        ranges[each.series] = (*ranges.get(each.series, ()), (each.start, each.end))
    met = {series: remember(bound, ranges.get(series, ())) for series, bound in bounds.items()}
    return replace(state, series={**state.series, **met})


def needs(config: ConsumerConfig, state: ConsumerState, arrivals: Arrivals) -> tuple[Load, ...]:
    """What must be read from the store before the step: nothing, where candles come in order."""
    wanted: dict[Series, list[Run]] = {}
    for series, items in arrivals.by_series.items():
        opens = sorted([item.record.open_time for item in items])
        for run in stretches(INTERVALS[series.interval], opens, config.apart):
            wanted.setdefault(series, []).append(span_of(config, series, run))
            for longer, span in reads(config, series, run).items():
                wanted.setdefault(longer, []).append(span)
    return tuple(
        load
        for series, spans in wanted.items()
        for load in loads(series, state.series[series].windows, spans, ahead=config.ahead)
    )


def loads(series: Series, windows: Sequence[Window], spans: Iterable[Run], *, ahead: int) -> Iterable[Load]:
    """What `windows` lack of `spans`, joined to the last window where it is near, and `ahead` candles more."""
    interval: Interval = INTERVALS[series.interval]
    known_from = windows[-1].low
    for start, end in union(interval, spans):
        if any(covers(window, (start, end)) for window in windows):
            continue
        last = min(interval.shift(interval.floor(end), ahead), known_from - 1)
        yield Load(series, start, last)
