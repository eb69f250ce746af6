"""How many time series a stream's metrics are: of series that are well, and of those to which everything happened."""

from collections.abc import Callable, Iterable
from typing import get_args

from prometheus_client.parser import text_string_to_metric_families

from cryptostream.core.codec.metric import Described
from cryptostream.core.market.candle import Lane
from cryptostream.core.market.gap import CAUSES
from cryptostream.core.market.series import Series
from cryptostream.core.resource.spec import Objectives
from cryptostream.observe.metrics import STAGES, Metrics

Telling = Callable[[Metrics, Series], None]


def published(metrics: Metrics, series: Series) -> None:
    """What a producer tells of a series that is well."""
    metrics.published(series, "history")
    metrics.published(series, "live")
    metrics.gaps(series, {})
    metrics.completeness(series, 2, 2)


def stored(metrics: Metrics, series: Series) -> None:
    """What a consumer tells of a series that is well."""
    metrics.stored(series, 1, [0.2])
    metrics.newest(series, 0)


def amiss(metrics: Metrics, series: Series) -> None:
    """Everything that can be told of a series."""
    for lane in get_args(Lane):
        metrics.published(series, lane)
    stored(metrics, series)
    metrics.stored_before(series)
    for stage in STAGES:
        metrics.dead_lettered(stage, "malformed", series)
    for happens in (metrics.duplicates_dropped, metrics.restated, metrics.chain_broken, metrics.rollup_mismatched):
        happens(series)
    metrics.expired(series, 1)
    metrics.gaps(series, dict.fromkeys(CAUSES, 1))
    metrics.completeness(series, 2, 1)


def lines(tell: Telling, symbols: int, intervals: Iterable[str]) -> int:
    """How many lines a page has once all series of so many symbols were told of."""
    names, grid = [f"S{number}USDC" for number in range(symbols)], tuple(intervals)
    metrics = Metrics("market.many", lambda: 0, simulated=True)
    metrics.objectives(Objectives(), grid)
    metrics.markets(dict.fromkeys(names, "TRADING"))
    for name in names:
        for interval in grid:
            tell(metrics, Series(name, interval))
    page = metrics.render().decode()
    return sum(not line.startswith("#") for line in page.splitlines())


def for_each_series(tell: Telling) -> int:
    """How many lines one series more makes, besides that of its symbol."""
    return lines(tell, 2, ["1m"]) - lines(tell, 1, ["1m"]) - 1


def families(page: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels of all that a page has, by name; without what belongs to a histogram alone."""
    return {
        f"{each.name}_total" if each.type == "counter" else each.name: (
            each.type,
            frozenset(label for sample in each.samples for label in sample.labels) - {"le"},
        )
        for each in text_string_to_metric_families(page)
    }


def differences(page: str, described: Iterable[Described], *always: str) -> list[str]:
    """Where a page is not as its metrics are described: names, types, labels; `always` are labels of all."""
    known = {each.exposed: each for each in described}
    exported = families(page)
    unknown = [f"{name} is not described" for name in exported.keys() - known.keys()]
    absent = [f"{name} is not exported" for name in known.keys() - exported.keys()]
    types = [
        f"{name} is a {kind}" for name, (kind, _) in exported.items() if name in known and kind != known[name].kind
    ]
    labels = [
        f"{name} has {sorted(found)}"
        for name, (_, found) in exported.items()
        if name in known and found and found != {*known[name].labels, *always}
    ]
    return [*unknown, *absent, *types, *labels]
