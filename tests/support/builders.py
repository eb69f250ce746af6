"""Short ways to values in their stages, for tests."""

from cryptostream.core.market.candle import Candle, CandleRecord, Lane, ValidatedCandle


def record(candle: Candle, *, lane: Lane = "live", revision: int = 0) -> CandleRecord:
    """The record of `candle` as a producer would publish it."""
    return CandleRecord(
        exchange="binance",
        symbol=candle.symbol,
        coin=candle.symbol.removesuffix("USDC"),
        quote="USDC",
        interval=candle.interval,
        open_time=candle.open_time,
        close_time=candle.close_time,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        quote_volume=candle.quote_volume,
        trades=candle.trades,
        taker_buy_volume=candle.taker_buy_volume,
        taker_buy_quote_volume=candle.taker_buy_quote_volume,
        first_trade_id=candle.first_trade_id,
        last_trade_id=candle.last_trade_id,
        lane=lane,
        revision=revision,
        source=candle.source,
        exchange_time=candle.exchange_time,
        published_at=candle.exchange_time * 1000,
        simulated=True,
    )


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
