"""What the consumer of one stream has to do, with what follows from it for each interval. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.market.candle import CandleRecord
from cryptostream.core.market.interval import INTERVALS, MINUTE, Interval, Millis
from cryptostream.core.market.rollup import divides
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.market.symbols import is_valid_symbol
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.stream.validation import ValidationRules

SKEW: Final[Millis] = MINUTE
"""How far the exchange's clock may be ahead of ours before a candle lies in the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerConfig:
    """Lengths are in candles; `consumer_config` makes the mappings.

    `series` is by names of symbol and interval. `carried` names, by interval, the longer intervals whose
    values its rows carry (`withInterval`), `readers` the other way round. `parts` names, by interval, the one
    whose candles must add up to its own. A symbol traded against one of `quotes` belongs to the stream, also if
    it is not known yet.

    `atomic` says how the store takes a batch (`core.ports.CandleStore`). Where it is not, at most about `held`
    records are dealt with and not committed.

    Candles not more than `apart` from one another are enriched in one go. A load reads `ahead` candles more
    than needed, so that history needs few of them. A window keeps up to `slack` rows more than it must.
    Recomputation goes in steps of `chunk` candles.
    """

    stream: str
    intervals: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    rules: ValidationRules
    series: Mapping[tuple[str, str], Series]
    carried: Mapping[str, tuple[str, ...]]
    readers: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, str]
    quotes: frozenset[str]
    atomic: bool = True
    held: int = 50_000
    apart: int = 512
    ahead: int = 2048
    slack: int = 128
    chunk: int = 4096


def stream_config(spec: StreamSpec, indicators: tuple[Indicator, ...]) -> ConsumerConfig:
    """The configuration for a declared stream, whose `indicators` are compiled."""
    rules = ValidationRules(
        symbols=frozenset(symbol.name for symbol in spec.symbols),
        intervals=frozenset(spec.intervals),
        max_move=float(spec.validation.max_move_percent) / 100,
        reject_aberrant=spec.validation.on_aberrant == "Reject",
        skew_ms=SKEW,
    )
    made = consumer_config(spec.stream, spec.symbols, spec.intervals, indicators, rules)
    return replace(made, quotes=made.quotes | {spec.quote})


def consumer_config(
    stream: str,
    symbols: Iterable[Symbol],
    intervals: tuple[str, ...],
    indicators: tuple[Indicator, ...],
    rules: ValidationRules,
) -> ConsumerConfig:
    """The configuration for every one of `symbols` over every one of `intervals`."""
    named = tuple(symbols)
    carried = {name: _carried(indicators, INTERVALS[name]) for name in intervals}
    wholes = {name: part for name in intervals if (part := part_of(intervals, name)) is not None}
    return ConsumerConfig(
        stream=stream,
        intervals=intervals,
        indicators=indicators,
        rules=rules,
        series=_series(named, intervals),
        carried=carried,
        readers={name: tuple(reader for reader in intervals if name in carried[reader]) for name in intervals},
        parts=wholes,
        quotes=frozenset(symbol.quote for symbol in named),
    )


def with_symbols(config: ConsumerConfig, symbols: Iterable[Symbol]) -> ConsumerConfig:
    """The configuration grown by `symbols`; those it has stay, since what is stored of them stays readable."""
    new = tuple(symbol for symbol in symbols if symbol.name not in config.rules.symbols)
    if not new:
        return config
    names = config.rules.symbols | {symbol.name for symbol in new}
    return replace(
        config,
        series={**config.series, **_series(new, config.intervals)},
        rules=msgspec.structs.replace(config.rules, symbols=names),
    )


def symbol_in(config: ConsumerConfig, record: CandleRecord) -> Symbol | None:
    """The symbol that a record brings along, if its series can belong to the stream."""
    if record.interval not in config.intervals or record.quote not in config.quotes or not record.coin:
        return None
    fits = record.symbol == record.coin + record.quote and is_valid_symbol(record.symbol)
    return Symbol(record.symbol, record.coin, record.quote) if fits else None


def symbol_named(config: ConsumerConfig, name: str) -> Symbol | None:
    """The same for a name alone, as the ledger has it."""
    quotes = [quote for quote in config.quotes if name.endswith(quote) and name != quote]
    quote = max(quotes, key=len, default=None)
    return None if quote is None or not is_valid_symbol(name) else Symbol(name, name.removesuffix(quote), quote)


def _series(symbols: Iterable[Symbol], intervals: Iterable[str]) -> dict[tuple[str, str], Series]:
    names = tuple(intervals)
    return {(symbol.name, name): Series(symbol.name, name) for symbol in symbols for name in names}


def part_of(intervals: Iterable[str], whole: str) -> str | None:
    """The longest of `intervals` whose candles make up those of `whole` exactly."""
    fitting = [name for name in intervals if divides(INTERVALS[name], INTERVALS[whole])]
    return max(fitting, key=lambda name: INTERVALS[name].step, default=None)


def _carried(indicators: Iterable[Indicator], interval: Interval) -> tuple[str, ...]:
    names = (i.with_interval for i in indicators if i.with_interval is not None and i.is_on(interval))
    return tuple(dict.fromkeys(names))
