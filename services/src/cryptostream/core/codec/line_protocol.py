"""Candles, indicators and gaps as lines of InfluxDB's line protocol, times in milliseconds. Pure.

Measurements, tags and types are those of the store's contract. A field's type is fixed by its name, because
InfluxDB fixes it per shard and refuses another; an undefined value is an omitted field: NaN is a parse error.
Escaping by the InfluxDB v2 documentation, "Line protocol".

Numbers and flags of JSON are literals of the line protocol too, and msgspec writes them several times faster than
`repr` does: the shortest decimals that stand for exactly this float.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from cryptostream.core.market.candle import CandleRecord, EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.series import Symbol

RAW_FLOATS: Final = (
    *("open", "high", "low", "close", "volume"),
    *("quote_volume", "taker_buy_volume", "taker_buy_quote_volume"),
)
_ROW: Final = ("revision=%si", "hour=%si", "weekday=%si", "warm=%s", "gap_in_window=%s")

_KEY: Final = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_STRING: Final = str.maketrans({'"': r"\"", "\\": r"\\"})
_BOOLEAN: Final = {True: "true", False: "false"}
_JSON: Final = msgspec.json.Encoder()
_ABSENT: Final = "null"
_MOST_SERIES: Final = 50_000
"""Series whose tags are remembered."""


def raw_line(stream: str, candle: ValidatedCandle) -> str:
    """The point of `candle` in the raw bucket: measurement `candle`, time its open time.

    Parameters
    ----------
    stream
        `<namespace>.<name>`.
    """
    record = candle.record
    floats = _texts(
        (
            *(candle.open, candle.high, candle.low, candle.close, candle.volume),
            *(candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume),
        )
    )
    if _ABSENT in floats or record.trades is None:
        stated = _stated(record, floats)
    else:
        open_, high, low, close, volume, quote, taker, taker_quote = floats
        stated = (
            f"open={open_},high={high},low={low},close={close},volume={volume},quote_volume={quote},"
            f"taker_buy_volume={taker},taker_buy_quote_volume={taker_quote},trades={record.trades}i,"
        )
    head = _head("candle", stream, record.exchange, record.coin, record.symbol, record.interval)
    first, last = record.first_trade_id, record.last_trade_id
    return (
        f"{head} {stated}close_time={record.close_time}i,exchange_time={record.exchange_time}i,"
        f"published_at={record.published_at}i,revision={record.revision}i,"
        f"{'' if first is None else f'first_trade_id={first}i,'}{'' if last is None else f'last_trade_id={last}i,'}"
        f'lane="{record.lane}",source="{record.source}",'
        f"simulated={_BOOLEAN[record.simulated]},flagged={_BOOLEAN[candle.flagged]} {record.open_time}"
    )


def _stated(record: CandleRecord, floats: Iterable[str]) -> str:
    """The first fields of a candle of which something is absent."""
    stated = [f"{name}={text}," for name, text in zip(RAW_FLOATS, floats, strict=True) if text != _ABSENT]
    return "".join((*stated, "" if record.trades is None else f"trades={record.trades}i,"))


def enriched_lines(
    stream: str,
    exchange: str,
    symbol: Symbol,
    table: EnrichedTable,
    simulated: bool,  # noqa: FBT001 - the last of the tags and fields that a table lacks
) -> list[str]:
    """The points of `table` in the enriched bucket: measurement `indicators`, one line a row."""
    head = _head("indicators", stream, exchange, symbol.coin, symbol.name, table.series.interval)
    begin = f"{head} simulated={_BOOLEAN[simulated]},"
    fields = (*(f"{_literally(_key(name))}=%s" for name in table.values), *_ROW)
    whole = f"{_literally(begin)}{','.join(fields)} %s"
    fixed = (table.revision, table.hour, table.weekday, table.warm, table.gap_in_window, table.open_time)
    columns = (_texts(column.tolist()) for column in (*table.values.values(), *fixed))
    return [_sparse(begin, fields, row) if _ABSENT in row else whole % row for row in zip(*columns, strict=True)]


def gap_line(stream: str, exchange: str, symbol: Symbol, gap: Gap) -> str:
    """The point of `gap` in the raw bucket: measurement `gap`, time its first open time; later states replace it."""
    integers = {
        "to": gap.end,
        "candles": gap.candles,
        "detected_at": gap.detected_at * 1000,
        "resolved_at": None if gap.resolved_at is None else gap.resolved_at * 1000,
    }
    texts = {"cause": gap.cause, "state": gap.state, "evidence": gap.evidence, "proof": gap.proof}
    fields = (
        *(f"{name}={value}i" for name, value in integers.items() if value is not None),
        *(f'{name}="{text.translate(_STRING)}"' for name, text in texts.items() if text is not None),
    )
    head = _head("gap", stream, exchange, symbol.coin, symbol.name, gap.series.interval)
    return f"{head} {','.join(fields)} {gap.start}"


@lru_cache(_MOST_SERIES)
def _head(  # noqa: PLR0913, PLR0917 - one by one, because that is how they are remembered
    measurement: str, stream: str, exchange: str, coin: str, symbol: str, interval: str
) -> str:
    """Measurement and tags, in order of name, as InfluxDB would sort them; an empty tag would be an error."""
    tags = {"coin": coin, "exchange": exchange, "interval": interval, "stream": stream, "symbol": symbol}
    return ",".join((measurement, *(f"{name}={_key(value)}" for name, value in tags.items() if value)))


def _texts(values: Sequence[float | int | bool | None]) -> list[str]:
    """Each value as JSON has it; what is absent, NaN or infinite is `null`."""
    return _JSON.encode(values)[1:-1].decode().split(",") if values else []


def _sparse(begin: str, fields: Iterable[str], texts: Sequence[str]) -> str:
    """A line without the fields whose text is absent; the last text is the time."""
    stated = (field % text for field, text in zip(fields, texts[:-1], strict=True) if text != _ABSENT)
    return f"{begin}{','.join(stated)} {texts[-1]}"


def _key(text: str) -> str:
    """A tag value or field name. A backslash cannot be escaped in it; names of symbols and indicators have none."""
    return text.translate(_KEY)


def _literally(text: str) -> str:
    """`text` within a template."""
    return text.replace("%", "%%")
