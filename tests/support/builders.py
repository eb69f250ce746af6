"""Short ways to values in their stages, for tests."""

from cryptostream.core.codec.record import record_of
from cryptostream.core.market.candle import Candle, CandleRecord, Lane, ValidatedCandle
from cryptostream.core.market.series import Symbol


def record(candle: Candle, *, lane: Lane = "live", revision: int = 0) -> CandleRecord:
    """The record of `candle` as a producer would publish it."""
    symbol = Symbol(candle.symbol, candle.symbol.removesuffix("USDC"), "USDC")
    at = candle.exchange_time * 1000
    return record_of(candle, symbol=symbol, lane=lane, revision=revision, published_at=at, simulated=True)


def validated(candle: Candle, *, lane: Lane = "live", revision: int = 0) -> ValidatedCandle:
    """`candle` as it leaves validation."""
    return ValidatedCandle(
        record=record(candle, lane=lane, revision=revision),
        open=float(candle.open),
        high=float(candle.high),
        low=float(candle.low),
        close=float(candle.close),
        volume=float(candle.volume),
        quote_volume=_float(candle.quote_volume),
        taker_buy_volume=_float(candle.taker_buy_volume),
        taker_buy_quote_volume=_float(candle.taker_buy_quote_volume),
        flagged=False,
    )


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)
