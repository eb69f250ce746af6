"""Candles as hypothesis makes them up: on the grid and coherent, so that they pass validation."""

from decimal import Decimal

from hypothesis import strategies as st

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import DAY, INTERVALS

intervals = st.sampled_from(list(INTERVALS.values()))
"""Every interval of the exchange."""
names = st.text(st.characters(categories=["Lu", "Lo", "Nd"], include_characters="-._"), min_size=1, max_size=20)
"""Symbols and coins, of any script."""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Anything that UTF-8 can hold."""
int64 = st.integers(-(2**63), 2**63 - 1)
NOW = 1_800_000_000_000
"""Later than every candle made here."""


@st.composite
def decimals(draw: st.DrawFn, least: int = 0) -> str:
    """An amount as the exchange writes it: eight decimal places, at least `least` times 1e-8."""
    return f"{Decimal(draw(st.integers(least, 10**16))).scaleb(-8):.8f}"


@st.composite
def candles(draw: st.DrawFn) -> Candle:
    """A closed candle of any interval, from any source, at times with one trade or more, at times with none."""
    interval = draw(intervals)
    low, first, second, high = sorted((draw(decimals(least=1)) for _ in range(4)), key=Decimal)
    opened, closed = draw(st.permutations([first, second]))
    open_time = interval.floor(draw(st.integers(40 * DAY, NOW - 40 * DAY)))
    trades = draw(st.none() | st.integers(0, 10**6))
    first_id = draw(st.none() | st.integers(0, 10**12)) if trades else None
    optional = st.none() | decimals()
    return Candle(
        symbol=draw(names),
        interval=interval.name,
        open_time=open_time,
        close_time=draw(st.integers(open_time, interval.close_time(open_time))),
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=draw(decimals()),
        quote_volume=draw(optional),
        trades=trades,
        taker_buy_volume=draw(optional),
        taker_buy_quote_volume=draw(optional),
        first_trade_id=first_id,
        last_trade_id=None if first_id is None or trades is None else first_id + trades - 1,
        source=draw(st.sampled_from(["websocket", "rest", "archive"])),
        exchange_time=interval.next(open_time) + draw(st.integers(0, 10**6)),
    )
