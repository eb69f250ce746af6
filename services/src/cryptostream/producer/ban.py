"""A ban that others have told of: no question reaches the exchange before it has passed."""

from collections.abc import Iterable, Mapping

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, Exchange, ExchangeError, KlinePage, SymbolInfo
from cryptostream.core.result import Err, Ok, Result


class Ban:
    """Until when (ms of the exchange's clock) nothing may be asked. May be set and read from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: Millis = 0

    def set(self, until: Millis | None) -> None:
        """Nothing is asked before `until`; None ends the ban."""
        self._until = until or 0

    @property
    def until(self) -> Millis | None:
        """When it ends, None if there is none."""
        return self._until if self._clock.now() < self._until else None


class Guarded:
    """An `Exchange` that is asked only while there is no ban; otherwise the answer is that there is one."""

    def __init__(self, exchange: Exchange, ban: Ban) -> None:
        self._exchange = exchange
        self._ban = ban

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        refused = self._refused()
        return self._exchange.clock_offset() if isinstance(refused, Ok) else refused

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        refused = self._refused()
        return self._exchange.symbols(names) if isinstance(refused, Ok) else refused

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        refused = self._refused()
        return self._exchange.klines(series, start, limit) if isinstance(refused, Ok) else refused

    def _refused(self) -> Result[None, ExchangeError]:
        until = self._ban.until
        if until is None:
            return Ok(None)
        return Err(ExchangeError("banned", "others who share this address were banned by the exchange", until))
