"""What the consumer of one stream has to do, with what follows from it for each interval. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.market.interval import INTERVALS, MINUTE, Interval, Millis
from cryptostream.core.market.rollup import divides
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.stream.validation import ValidationRules

SKEW: Final[Millis] = MINUTE
"""How far the exchange's clock may be ahead of ours before a candle lies in the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerConfig:
    """Lengths are in candles; `consumer_config` makes the mappings.

    `series` is by names of symbol and interval. `carried` names, by interval, the longer intervals whose
    values its rows carry (`withInterval`), `readers` the other way round. `parts` names, by interval, the one
    whose candles must add up to its own.

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
    return consumer_config(spec.stream, spec.symbols, spec.intervals, indicators, rules)


def consumer_config(
    stream: str,
    symbols: Iterable[Symbol],
    intervals: tuple[str, ...],
    indicators: tuple[Indicator, ...],
    rules: ValidationRules,
) -> ConsumerConfig:
    """The configuration for every one of `symbols` over every one of `intervals`."""
    carried = {name: _carried(indicators, INTERVALS[name]) for name in intervals}
    wholes = {name: part for name in intervals if (part := part_of(intervals, name)) is not None}
    return ConsumerConfig(
        stream=stream,
        intervals=intervals,
        indicators=indicators,
        rules=rules,
        series={(symbol.name, name): Series(symbol.name, name) for symbol in symbols for name in intervals},
        carried=carried,
        readers={name: tuple(reader for reader in intervals if name in carried[reader]) for name in intervals},
        parts=wholes,
    )


def part_of(intervals: Iterable[str], whole: str) -> str | None:
    """The longest of `intervals` whose candles make up those of `whole` exactly."""
    fitting = [name for name in intervals if divides(INTERVALS[name], INTERVALS[whole])]
    return max(fitting, key=lambda name: INTERVALS[name].step, default=None)


def _carried(indicators: Iterable[Indicator], interval: Interval) -> tuple[str, ...]:
    names = (i.with_interval for i in indicators if i.with_interval is not None and i.is_on(interval))
    return tuple(dict.fromkeys(names))
