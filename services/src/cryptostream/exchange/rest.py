"""Binance by REST: the port `Exchange` over one shared transport and one shared budget, a view for each lane.

Calls by binance-spot-api-docs, `rest-api.md`: `/api/v3/time`, `/api/v3/exchangeInfo`, `/api/v3/klines`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from cryptostream.core.codec.binance import kline_page
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.symbols import is_valid_symbol
from cryptostream.core.ports import Clock, Exchange, ExchangeError, KlinePage, SymbolInfo
from cryptostream.core.result import Err, Ok, Result
from cryptostream.exchange.asking import Answer, Asker, Failure, Question
from cryptostream.exchange.budget import Lane, rolled
from cryptostream.exchange.transport import Transport

_UNKNOWN: Final = frozenset({-1100, -1121})
"""Codes for a symbol that does not exist; one of them fails the whole call."""
_SYMBOLS_A_CALL: Final = 100
_PAGE: Final = 1000


class RestSnapshot(msgspec.Struct, frozen=True):
    """The client as it is now; `banned_until` is in ms of the exchange's clock, None if it is not banned."""

    weight_used: int
    weight_limit: int
    banned_until: Millis | None
    endpoint: str
    last_error: str | None
    clock_offset_ms: Millis | None


class _Offset(msgspec.Struct, frozen=True):
    """Exchange time minus local time in ms, wrong by at most `error`."""

    offset: Millis
    error: Millis


class BinanceRest:
    """The client. Safe to use from several threads.

    Parameters
    ----------
    endpoints
        Base addresses, used in order; one that fails is left alone for a while.
    clock
        The local clock.
    proxy_url, ca_file
        HTTPS proxy, and the file of a private CA; by default what the environment says.
    timeout
        Wall-clock seconds to wait for an answer.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        clock: Clock,
        *,
        proxy_url: str | None = None,
        ca_file: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        if not endpoints:
            raise ValueError("endpoints must hold at least one base address")
        self._clock = clock
        self._transport = Transport(proxy_url=proxy_url, ca_file=ca_file, timeout=timeout)
        self._asker = Asker(tuple(endpoints), self._transport, clock, self._offset)
        self._measured: _Offset | None = None
        self._measuring = threading.Lock()

    def for_lane(self, lane: Lane) -> Exchange:
        """The port for one lane: history leaves weight to live candles and their repair."""
        return _LaneView(self, lane)

    def snapshot(self) -> RestSnapshot:
        """How it stands; may be called from any thread."""
        state, now = self._asker.state, self._clock.now() + self._offset()
        resting = (f"{each.url}: {each.why}" for each in state.endpoints if each.why)
        budget = rolled(state.budget, now)
        return RestSnapshot(
            weight_used=budget.used,
            weight_limit=budget.limit,
            banned_until=budget.banned_until if budget.banned_until > now else None,
            endpoint=state.in_use,
            last_error=state.last_error or next(resting, None),
            clock_offset_ms=self._measured.offset if self._measured else None,
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # ------------------------------------------------------------ the port, for a lane

    def clock_offset(self, lane: Lane) -> Result[Millis, ExchangeError]:
        """Exchange time minus local time, taking the answer to be made halfway between question and receipt."""
        asked = self._asker.ask(Question("/api/v3/time", {}, 1), lane)
        if isinstance(asked, Err):
            return Err(asked.error.error)
        answer = asked.value
        time = answer.value.get("serverTime") if isinstance(answer.value, dict) else None
        if not isinstance(time, int):
            return _malformed("time", answer.value)
        taken = answer.received - answer.sent
        measured = self._measured = _Offset(time - answer.sent - taken // 2, (taken + 1) // 2)
        return Ok(measured.offset)

    def symbols(self, names: Iterable[str], lane: Lane) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        """What is known of each of `names`; a call that fails for an unknown one is halved until it is found."""
        found: dict[str, SymbolInfo] = {}
        valid = sorted({name for name in names if is_valid_symbol(name)})
        left = [valid[first : first + _SYMBOLS_A_CALL] for first in range(0, len(valid), _SYMBOLS_A_CALL)]
        while left:
            some = left.pop()
            match self._exchange_info(some, lane):
                case Ok(known):
                    found |= known
                case Err(Failure(_, code)) if code in _UNKNOWN:
                    half = len(some) // 2
                    left += [some[:half], some[half:]] if half else []
                case Err(failure):
                    return Err(failure.error)
        return Ok(found)

    def klines(self, series: Series, start: Millis, limit: int, lane: Lane) -> Result[KlinePage, ExchangeError]:
        """The page, by the exchange's clock: whether the last candle is closed depends on it."""
        if self._measured is None and isinstance(measured := self._measure_once(lane), Err):
            return measured
        params = {
            "symbol": series.symbol,
            "interval": series.interval,
            "startTime": str(max(start, 0)),
            "limit": str(min(max(limit, 1), _PAGE)),
        }
        asked = self._asker.ask(Question("/api/v3/klines", params, 2), lane)
        if isinstance(asked, Err):
            return Err(asked.error.error)
        page = kline_page(asked.value.value, series=series, exchange_time=self._surely(asked.value))
        return page if isinstance(page, Ok) else Err(ExchangeError("unavailable", page.error.detail))

    # ------------------------------------------------------------ inside

    def _offset(self) -> Millis:
        return self._measured.offset if self._measured else 0

    def _surely(self, answer: Answer) -> Millis:
        """What the exchange's clock had reached for sure when it answered: a running candle is never called closed.

        Its own word counts too: the local clock may have been set since the offset was measured.
        """
        known = self._measured
        reached = answer.sent + known.offset - known.error if known else answer.sent
        return reached if answer.made_by is None else min(reached, answer.made_by)

    def _measure_once(self, lane: Lane) -> Result[Millis, ExchangeError]:
        with self._measuring:
            return Ok(self._measured.offset) if self._measured else self.clock_offset(lane)

    def _exchange_info(self, names: Sequence[str], lane: Lane) -> Result[dict[str, SymbolInfo], Failure]:
        params = {"symbols": msgspec.json.encode(names).decode()}
        asked = self._asker.ask(Question("/api/v3/exchangeInfo", params, 20), lane)
        if isinstance(asked, Err):
            return asked
        try:
            told = msgspec.convert(asked.value.value, _ExchangeInfo)
        except msgspec.ValidationError as error:
            return Err(Failure(ExchangeError("unavailable", f"exchangeInfo: {error}")))
        for rate in told.rate_limits:
            if (rate.kind, rate.interval, rate.number) == ("REQUEST_WEIGHT", "MINUTE", 1) and rate.limit > 0:
                self._asker.limit(rate.limit)
        return Ok({each.name: SymbolInfo(each.name, each.coin, each.quote, each.status) for each in told.symbols})


class _LaneView:
    """The client as one lane sees it."""

    def __init__(self, rest: BinanceRest, lane: Lane) -> None:
        self._rest = rest
        self._lane = lane

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        return self._rest.clock_offset(self._lane)

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        return self._rest.symbols(names, self._lane)

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        return self._rest.klines(series, start, limit, self._lane)


class _Symbol(msgspec.Struct):
    name: str = msgspec.field(name="symbol")
    status: str
    coin: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")


class _RateLimit(msgspec.Struct):
    kind: str = msgspec.field(name="rateLimitType", default="")
    interval: str = ""
    number: int = msgspec.field(name="intervalNum", default=0)
    limit: int = 0


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]
    rate_limits: list[_RateLimit] = msgspec.field(name="rateLimits", default_factory=list)


def _malformed(call: str, value: Any) -> Err[ExchangeError]:
    return Err(ExchangeError("unavailable", f"{call}: unexpected answer {repr(value)[:80]}"))
