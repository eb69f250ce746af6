"""What the pods' `/status` documents say of the data of a stream: how fresh and how complete it is. Pure.

A series is fresh once its newest due candle is stored. What no pod tells is unknown, never what it was before.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from cryptostream.core.codec.status import SeriesStatus, Status
from cryptostream.core.market.gap import ABSENT_CAUSES
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.resource.allowance import allowance
from cryptostream.core.resource.spec import Objectives

FLOWING: Final = frozenset({"TRADING", None})
"""Words of the exchange for markets whose candles are due; `HALT` makes candles without trades, but nobody waits."""
WORST: Final = 20
SMALL_LAG: Final = 100
"""Records published and not stored: fewer are a batch on its way, as long as no series is late."""


class Behind(msgspec.Struct, frozen=True, order=True):
    """One series that is not as it should be, the worst first."""

    missing: int
    symbol: str
    interval: str
    reason: str


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a stream at a moment. Counts of candles; `known` is whether both sides could be asked.

    `stale` series trade and lack their newest due candle, `idle` symbols are halted or delisted.
    """

    known: bool
    series: int
    trading: int
    stale: tuple[Series, ...]
    idle: tuple[str, ...]
    complete: int
    expected: int
    missing: int
    lag: int
    worst: tuple[Behind, ...]
    generation: int
    banned_until: Millis | None


def flow_of(series: Iterable[Series], objectives: Objectives, documents: Iterable[Status], now: Millis) -> Flow:
    """What `documents` of all answering pods say at exchange time `now` of the declared `series`."""
    wanted = tuple(series)
    told = tuple(documents)
    produced = _by_series(each for each in told if each.role == "producer")
    newest = _newest(each for each in told if each.role == "consumer")
    producers = [each for each in told if each.role == "producer"]
    markets = {each: produced[each].market for each in wanted if each in produced}
    trading = tuple(each for each in wanted if markets.get(each) in FLOWING)
    stale = tuple(each for each in trading if not _is_fresh(each, newest.get(each), objectives, now))
    lost = {each: _unpublished(produced[each]) for each in wanted if each in produced}
    lag = sum(each.totals.lag for each in told if each.role == "consumer")
    refused = sum(each.totals.dead_lettered for each in told if each.role == "consumer")
    behind = lag if stale or lag >= SMALL_LAG else 0
    return Flow(
        known=bool(producers) and any(each.role == "consumer" for each in told),
        series=len(wanted),
        trading=len(trading),
        stale=stale,
        idle=tuple(sorted({f"{each.symbol} {market}" for each, market in markets.items() if market not in FLOWING})),
        complete=sum(1 for each in wanted if lost.get(each) == 0),
        expected=sum(each.totals.expected for each in producers),
        missing=sum(lost.values()) + refused + behind,
        lag=lag,
        worst=_worst(stale, lost, newest),
        generation=min((each.generation for each in producers), default=0),
        banned_until=max((each.exchange.banned_until or 0 for each in producers if each.exchange), default=0) or None,
    )


def due_open(interval: str, allowed: Millis, now: Millis) -> Millis:
    """Open time of the newest candle that must be stored by `now`, `allowed` after its close."""
    grid = INTERVALS[interval]
    return grid.shift(grid.floor(now - allowed), -1)


def completeness(flow: Flow) -> float | None:
    """Stored candles in percent of those expected; None while nothing is known or expected."""
    if not flow.known or not flow.expected:
        return None
    return max(0.0, 100 * (flow.expected - flow.missing) / flow.expected)


def _is_fresh(series: Series, newest: Millis | None, objectives: Objectives, now: Millis) -> bool:
    allowed = allowance(objectives, series.interval)
    return newest is not None and newest >= due_open(series.interval, allowed, now)


def _by_series(documents: Iterable[Status]) -> dict[Series, SeriesStatus]:
    return {Series(each.symbol, each.interval): each for document in documents for each in document.series}


def _newest(documents: Iterable[Status]) -> dict[Series, Millis]:
    """The last stored open time of each series; a partition may just have changed hands, so several may tell."""
    found: dict[Series, Millis] = {}
    for document in documents:
        for each in document.series:
            if each.newest_open is not None:
                series = Series(each.symbol, each.interval)
                found[series] = max(each.newest_open, found.get(series, each.newest_open))
    return found


def _unpublished(told: SeriesStatus) -> int:
    return sum(candles for cause, candles in told.gaps.items() if cause not in ABSENT_CAUSES)


def _worst(stale: Iterable[Series], lost: Mapping[Series, int], newest: Mapping[Series, Millis]) -> tuple[Behind, ...]:
    behind = {each: "nothing is stored yet" if each not in newest else "its newest candle is late" for each in stale}
    for each, candles in lost.items():
        if candles:
            behind.setdefault(each, "candles are not published yet")
    listed = (Behind(-lost.get(each, 0), each.symbol, each.interval, why) for each, why in behind.items())
    return tuple(msgspec.structs.replace(each, missing=-each.missing) for each in sorted(listed)[:WORST])
