"""How soon the candles are published that were missed while a WebSocket was down. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.chaos.recovery import Struck, freed_at

CUTS = ("WebSockets cut", "shutdown announced")
ASIDE = ("REST", "exchange refuses", "producer to exchange")
"""Beginnings of names of faults that keep REST from answering: in their rounds nothing is measured."""
WITHIN = 10.0


class Arrived(NamedTuple):
    """A candle: when it closed and when it was published, in seconds since the epoch, and from which source."""

    closed: float
    published: float
    source: str


def repairs(struck: Sequence[Struck], arrived: Iterable[Sequence[Arrived]]) -> list[float]:
    """Seconds from reconnection until each missed candle was published; `arrived` by series, ascending by close."""
    by_series = list(arrived)
    disturbed = {each.round for each in struck if each.name.startswith(ASIDE)}
    cuts = [each for each in struck if each.name in CUTS and each.round not in disturbed]
    return [late for cut in cuts for series in by_series for late in _of_series(cut, series, struck)]


def _of_series(cut: Struck, series: Sequence[Arrived], struck: Sequence[Struck]) -> Iterator[float]:
    near = [each for each in series if cut.end <= each.closed <= cut.end + WITHIN]
    back = next((each for each in near if each.source == "websocket"), None)
    if back is None:
        return
    free = max(back.published, freed_at(cut, "publish", struck))
    for each in near:
        if each.closed < back.closed:
            yield max(0.0, each.published - free)


def arrivals(newest: Iterable[tuple[float, Mapping[str, object]]]) -> list[Arrived]:
    """Candles of a series in the order of their closes."""
    return sorted(Arrived(closed, float(str(told["published"])), str(told["source"])) for closed, told in newest)
