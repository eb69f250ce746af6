"""A model of one series on the exchange, for properties of the producer's step: the truth and how it is told."""

from dataclasses import dataclass, field

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import KlinePage


@dataclass
class SeriesTruth:
    """Candles `first` to the clock; `absent` never existed, `versions` counts restatements by open time."""

    series: Series
    first: Millis
    absent: set[Millis] = field(default_factory=set)
    versions: dict[Millis, int] = field(default_factory=dict)

    @property
    def interval(self) -> Interval:
        return INTERVALS[self.series.interval]

    def candle(self, open_time: Millis, *, websocket: bool) -> Candle:
        """The candle as it stands now; every candle has two trades, but every seventh has none."""
        number = self.interval.index(open_time)
        trades = self.trades(number)
        first = self.ids_before(number)
        stated = websocket and trades > 0
        return Candle(
            symbol=self.series.symbol,
            interval=self.series.interval,
            open_time=open_time,
            close_time=self.interval.close_time(open_time),
            open="1.0",
            high="2.0",
            low="0.5",
            close="1.5",
            volume=f"{trades + self.versions.get(open_time, 0) * 0.25}",
            quote_volume="1.0",
            trades=trades,
            taker_buy_volume="0.5",
            taker_buy_quote_volume="0.5",
            first_trade_id=first if stated else None,
            last_trade_id=first + trades - 1 if stated else None,
            source="websocket" if websocket else "rest",
            exchange_time=self.interval.next(open_time),
        )

    def trades(self, number: int) -> int:
        return 0 if self.interval.open_at(number) in self.absent else _trades(number)

    def ids_before(self, number: int) -> int:
        absent = (self.interval.index(open_time) for open_time in self.absent)
        made_up = 2 * (number - (number + 6) // 7)
        return made_up - sum(_trades(each) for each in absent if each < number)

    def page(self, start: Millis, limit: int, now: Millis, *, lag: Millis = 0) -> KlinePage:
        """What REST answers: candles whose close lies before now, the last `lag` ms not there yet."""
        interval = self.interval
        begin = interval.ceil(max(start, self.first))
        opens = [t for t in interval.opens(begin, interval.next(now)) if t not in self.absent] if begin <= now else []
        shown = [t for t in opens if t == interval.floor(now) or interval.close_time(t) < now - lag][:limit]
        running = interval.floor(now) if shown and shown[-1] == interval.floor(now) else None
        closed = tuple(self.candle(t, websocket=False) for t in shown if t != running)
        return KlinePage(closed=closed, in_progress=running, exchange_time=now)


def _trades(number: int) -> int:
    return 2 if number % 7 else 0
