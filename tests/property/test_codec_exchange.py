"""One candle, whatever the exchange writes it as: row, frame or line, in milliseconds or microseconds."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cryptostream.core.codec.binance import KlineFrame, csv_row, frame, kline_page, kline_row
from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.result import Err, Ok
from tests.support.strategies import candles, decimals, texts

scales = st.sampled_from([1, 1000])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts, lambda inner: st.lists(inner, max_size=13)
)


def time(candle: Candle, name: str, scale: int) -> int:
    """A time as the exchange writes it; in microseconds closes end in …999999."""
    millis: int = getattr(candle, name)
    return millis * scale + (scale - 1 if name == "close_time" else 0)


def row_of(candle: Candle, scale: int) -> list[Any]:
    prices = [candle.open, candle.high, candle.low, candle.close, candle.volume]
    tail = [candle.quote_volume, candle.trades, candle.taker_buy_volume, candle.taker_buy_quote_volume, "0"]
    return [time(candle, "open_time", scale), *prices, time(candle, "close_time", scale), *tail]


def kline_of(candle: Candle, scale: int) -> dict[str, Any]:
    ids = (candle.first_trade_id, candle.last_trade_id)
    first, last = (-1 if number is None else number for number in ids)
    return {
        "t": time(candle, "open_time", scale),
        "T": time(candle, "close_time", scale),
        **dict(zip("siohlcv", (candle.symbol, candle.interval, *row_of(candle, 1)[1:6]), strict=True)),
        **dict(zip("qnVQ", row_of(candle, 1)[7:11], strict=True)),
        "f": first,
        "L": last,
        "x": True,
        "B": "0",
    }


def big(candle: Candle, scale: int) -> bool:
    """Microseconds are told by magnitude, which a time before March 1973 does not have."""
    return scale == 1 or candle.open_time * 1000 >= 10**14


@given(candles(), scales)
def test_a_frame_says_all_of_its_candle(candle: Candle, scale: int) -> None:
    scale = scale if big(candle, scale) else 1
    event = {"e": "kline", "E": candle.exchange_time * scale, "s": candle.symbol, "k": kline_of(candle, scale)}
    said = Ok(KlineFrame(replace(candle, source="websocket"), closed=True))
    assert frame(json.dumps(event)) == said
    assert frame(json.dumps({"stream": "x", "data": event}, ensure_ascii=False).encode()) == said


@given(candles(), scales)
def test_row_and_line_say_the_same_without_trade_ids(candle: Candle, scale: int) -> None:
    scale = scale if big(candle, scale) else 1
    row = row_of(candle, scale)
    bare = replace(candle, first_trade_id=None, last_trade_id=None)
    read = kline_row(row, series=candle.series, exchange_time=candle.exchange_time)
    assert read == Ok(replace(bare, source="rest"))
    line = ["" if field is None else str(field) for field in row]
    after = INTERVALS[candle.interval].next(candle.open_time)
    assert csv_row(line, series=candle.series) == Ok(replace(bare, source="archive", exchange_time=after))


@given(candles(), st.lists(st.integers(-30, 30), max_size=40), decimals(), st.data())
def test_a_page_has_each_closed_candle_once_in_order(
    candle: Candle, places: list[int], volume: str, data: st.DataObject
) -> None:
    interval = INTERVALS[candle.interval]
    opens = [interval.shift(candle.open_time, place) for place in places]
    opens = [open_time for open_time in opens if open_time >= 0]
    rows = [[open_time, "1", "1", "1", "1", volume, interval.close_time(open_time)] for open_time in opens]
    junk = data.draw(st.lists(st.lists(texts, max_size=6), max_size=3))
    clock = interval.shift(candle.open_time, data.draw(st.integers(-30, 31))) + data.draw(st.integers(0, 3))
    answer = data.draw(st.permutations([*rows, *junk]))
    page = kline_page(answer, series=candle.series, exchange_time=clock)
    assert isinstance(page, Ok)
    closed = {open_time for open_time in opens if interval.next(open_time) <= clock}
    assert [one.open_time for one in page.value.closed] == sorted(closed)
    assert page.value.in_progress == min(set(opens) - closed, default=None)
    assert len(page.value.rejected) == len(junk)


@given(json_values)
def test_whatever_json_is_answered_becomes_a_value(answer: Any) -> None:
    series = Series("BTCUSDC", "1M")
    assert isinstance(kline_row(answer, series=series, exchange_time=0), Ok | Err)
    assert isinstance(kline_page(answer, series=series, exchange_time=0), Ok if isinstance(answer, list) else Err)
    assert isinstance(frame(json.dumps({"e": "kline", "E": answer, "k": {"t": answer}})), Err)


@given(st.lists(texts | st.integers().map(str), max_size=13))
def test_whatever_an_archive_says_becomes_a_value(line: list[str]) -> None:
    assert isinstance(csv_row(line, series=Series("BTCUSDC", "1M")), Ok | Err)


@given(st.binary(max_size=200) | texts)
def test_whatever_arrives_by_websocket_becomes_a_value(message: str | bytes) -> None:
    assert isinstance(frame(message), Ok | Err)
