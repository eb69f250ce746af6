"""A small world around the consumer's step: it publishes candles, does the effects on a store, and restarts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import msgspec

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.indicators.enrich import enrich
from cryptostream.core.market.candle import Candle, EnrichedTable, Lane
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import CandleStore, DirtyRange, LogRecord, StoreBatch
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.result import Ok
from cryptostream.core.stream.consumer import learn, step
from cryptostream.core.stream.consumer_config import ConsumerConfig, consumer_config
from cryptostream.core.stream.consumer_dirty import next_chunk, recompute
from cryptostream.core.stream.consumer_read import admit, met, needs, read, unknown
from cryptostream.core.stream.consumer_rollup import checked, next_check
from cryptostream.core.stream.consumer_state import ConsumerState, Load, Loaded, Outcome
from cryptostream.core.stream.validation import ValidationRules
from tests.support.builders import record
from tests.support.stored import done

START: Millis = 1_700_006_400_000
"""A midnight: on the grid of every interval up to a day."""
STREAM = "market.majors"
SMA = IndicatorSpec("sma", "SMA", (("timeperiod", 3),))
EMA = IndicatorSpec("ema", "EMA", (("timeperiod", 2),))
VWAP = IndicatorSpec("vwap", "VWAP", (("timeperiod", 2),))
"""Reads a column that a candle may lack."""


def symbols(*names: str) -> tuple[Symbol, ...]:
    return tuple(Symbol(name, name.removesuffix("USDC"), "USDC") for name in names)


def indicators(specs: Sequence[IndicatorSpec], intervals: tuple[str, ...]) -> tuple[Indicator, ...]:
    compiled = compile_indicators(tuple(specs), intervals)
    assert isinstance(compiled, Ok), compiled
    return compiled.value


def rules(intervals: Iterable[str], names: Iterable[str], *, reject: bool = False) -> ValidationRules:
    return ValidationRules(frozenset(names), frozenset(intervals), max_move=0.5, reject_aberrant=reject, skew_ms=0)


def small_config(
    intervals: tuple[str, ...] = ("1m",),
    specs: Sequence[IndicatorSpec] = (SMA, EMA),
    names: tuple[str, ...] = ("BTCUSDC",),
    *,
    reject: bool = False,
) -> ConsumerConfig:
    """A configuration whose lengths are short enough for all of its branches to be taken by a few candles."""
    made = consumer_config(
        STREAM, symbols(*names), intervals, indicators(specs, intervals), rules(intervals, names, reject=reject)
    )
    return replace(made, apart=4, ahead=8, slack=3, chunk=7)


def candle(series: Series, number: int, value: float = 100.0, *, trades: int = 1, **changes: object) -> Candle:
    """Candle `number` from `START` on, around the price `value`."""
    interval = INTERVALS[series.interval]
    open_time = interval.shift(interval.floor(START), number)
    made = Candle(
        symbol=series.symbol,
        interval=series.interval,
        open_time=open_time,
        close_time=interval.close_time(open_time),
        open=f"{value}",
        high=f"{value + 2}",
        low=f"{value - 2}",
        close=f"{value + 1}",
        volume="1.5",
        quote_volume="150",
        trades=trades,
        source="rest",
        exchange_time=interval.next(open_time),
    )
    return msgspec.structs.replace(made, **changes)


_offsets = count()


def published(made: Candle, *, lane: Lane = "live", revision: int = 0) -> LogRecord:
    """`made` as the log has it."""
    return log_record(msgspec.json.encode(record(made, lane=lane, revision=revision)), made.symbol, made.interval)


def log_record(value: bytes, symbol: str = "BTCUSDC", interval: str = "1m") -> LogRecord:
    topic = f"{STREAM}.prices-{interval}"
    return LogRecord(topic, 0, next(_offsets), symbol.encode(), value, (), START)


@dataclass
class World:
    """One consumer; the store survives a restart, the state does not."""

    config: ConsumerConfig
    store: CandleStore
    now: Millis = START + 400 * 24 * 3_600_000
    listings: Mapping[Series, Millis] = field(default_factory=dict)
    state: ConsumerState = field(default_factory=ConsumerState)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin from the store, as after kill -9."""
        dirty = done(self.store.dirty())
        self.state = ConsumerState()
        self.admit({each.series for each in dirty}, dirty)
        self.learn()

    def admit(self, series: Iterable[Series], dirty: Iterable[DirtyRange] = ()) -> None:
        bounds = {each: done(self.store.bounds(each)) for each in unknown(self.config, self.state, series)}
        self.state = admit(self.state, bounds, dirty)

    def take(self, *records: LogRecord, killed: bool = False) -> Outcome:
        """Deal with a batch; `killed` before anything of it is written."""
        arrivals = read(self.config, records, self.now)
        self.admit(met(self.config, arrivals))
        self.learn()
        loaded = self.load(needs(self.config, self.state, arrivals))
        state, outcome = step(self.config, self.state, arrivals, loaded, self.now)
        if killed:
            self.restart()
        else:
            self.keep(state, outcome.batch)
            self.outcomes.append(outcome)
        return outcome

    def learn(self) -> None:
        self.admit(self.listings)
        self.keep(*learn(self.config, self.state, self.listings))

    def work_behind(self) -> bool:
        """Recompute one chunk; whether there was any."""
        chunk = next_chunk(self.config, self.state)
        if chunk is not None:
            self.keep(*recompute(self.config, self.state, chunk, self.load(chunk.loads)))
        return chunk is not None

    def check_rollups(self) -> None:
        while (check := next_check(self.config, self.state)) is not None:
            self.state, _ = checked(self.state, check, self.load((check.wholes, check.parts)))

    def settle(self) -> None:
        while self.work_behind():
            pass

    def load(self, loads: Iterable[Load]) -> Loaded:
        return {each: done(self.store.raw(each.series, each.start, each.end + 1)) for each in loads}

    def keep(self, state: ConsumerState, batch: StoreBatch) -> None:
        done(self.store.write(batch))
        self.state = state


def in_bulk(config: ConsumerConfig, store: CandleStore, series: Series, listing: Millis | None) -> EnrichedTable:
    """All enriched rows of a series in one call over all stored candles: what the store must hold in the end.

    None where no indicators are declared.
    """
    bounds = done(store.bounds(series))
    assert bounds is not None
    longer = {name: config.series[series.symbol, name] for name in config.carried[series.interval]}
    ends = {name: done(store.bounds(each)) for name, each in longer.items()}
    return enrich(
        done(store.raw(series, bounds[0], bounds[1] + 1)),
        series=series,
        indicators=config.indicators,
        start=bounds[0],
        end=bounds[1] + 1 if config.indicators else bounds[0],
        first_open=bounds[0],
        listing=listing,
        longer={name: done(store.raw(each, 0, 2**62)) for name, each in longer.items()},
        longer_first={name: end[0] if end else None for name, end in ends.items()},
    )


def dirty_of(ranges: Iterable[DirtyRange], series: Series, open_time: Millis) -> bool:
    return any(each.series == series and each.start <= open_time <= each.end for each in ranges)
