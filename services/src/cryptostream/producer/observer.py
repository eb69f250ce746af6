"""Who is told what the producer does: a part of `observe.metrics.Metrics`, as a protocol."""

from collections.abc import Mapping
from typing import Protocol

from cryptostream.core.market.candle import Lane
from cryptostream.core.market.gap import Cause
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.reject import Reason
from cryptostream.core.market.series import Series


class Observer(Protocol):
    """Counts what happened. Called from the producer's thread; `fetched` and `exchange` from threads of fetches."""

    def published(self, series: Series, lane: Lane, candles: int = 1) -> None:
        """Candles reached the log."""

    def duplicates_dropped(self, series: Series, candles: int = 1) -> None:
        """Candles arrived again."""

    def restated(self, series: Series, candles: int = 1) -> None:
        """The exchange changed its word."""

    def chain_broken(self, series: Series) -> None:
        """Trade ids do not join."""

    def rejected(self, reason: Reason) -> None:
        """Something that arrived is no candle."""

    def fetched(self, outcome: str = "ok") -> None:
        """`ok`, or an `ExchangeFault`."""

    def gaps(self, series: Series, candles: Mapping[Cause, int]) -> None:
        """All gaps of `series` as they stand."""

    def exchange(self, *, clock_offset: Millis | None = None) -> None:
        """What was measured of the exchange."""
