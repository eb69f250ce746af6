"""Candles, indicators and gaps as lines of InfluxDB's line protocol, times in milliseconds. Pure.

Measurements, tags and types are those of the store's contract. A field's type is fixed by its name, because
InfluxDB fixes it per shard and refuses another; an undefined value is an omitted field: NaN is a parse error.
Escaping by the InfluxDB v2 documentation, "Line protocol".
"""

from collections.abc import Iterable
from math import isfinite
from typing import Final

from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Symbol

RAW_FLOATS: Final = (
    *("open", "high", "low", "close", "volume"),
    *("quote_volume", "taker_buy_volume", "taker_buy_quote_volume"),
)
RAW_INTEGERS: Final = (
    *("trades", "close_time", "exchange_time", "published_at", "revision"),
    *("first_trade_id", "last_trade_id"),
)

_KEY: Final = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_BOOLEAN: Final = {True: "true", False: "false"}
_STRING: Final = str.maketrans({'"': r"\"", "\\": r"\\"})


def raw_line(stream: str, candle: ValidatedCandle) -> str:
    """The point of `candle` in the raw bucket: measurement `candle`, time its open time.

    Parameters
    ----------
    stream
        `<namespace>.<name>`.
    """
    record = candle.record
    floats = ((name, getattr(candle, name)) for name in RAW_FLOATS)
    integers = ((name, getattr(record, name)) for name in RAW_INTEGERS)
    fields = (
        *(f"{name}={value!r}" for name, value in floats if value is not None),
        *(f"{name}={value}i" for name, value in integers if value is not None),
        f'lane="{record.lane}",source="{record.source}"',
        f"simulated={_BOOLEAN[record.simulated]},flagged={_BOOLEAN[candle.flagged]}",
    )
    symbol = Symbol(record.symbol, record.coin, record.quote)
    return _line("candle", _tags(stream, record.exchange, symbol, record.interval), fields, record.open_time)


def enriched_lines(
    stream: str,
    exchange: str,
    symbol: Symbol,
    table: EnrichedTable,
    simulated: bool,  # noqa: FBT001 - the last of the tags and fields that a table lacks
) -> list[str]:
    """The points of `table` in the enriched bucket: measurement `indicators`, one line a row."""
    tags = _tags(stream, exchange, symbol, table.series.interval)
    names = [_key(name) for name in table.values]
    columns = [column.tolist() for column in table.values.values()]
    rows = zip(*columns, strict=True) if columns else ((),) * len(table)
    fixed = (table.open_time, table.revision, table.hour, table.weekday, table.warm, table.gap_in_window)
    lines = []
    for open_time, revision, hour, weekday, warm, gap, values in zip(*(c.tolist() for c in fixed), rows, strict=True):
        fields = [f"{name}={value!r}" for name, value in zip(names, values, strict=True) if isfinite(value)]
        fields.append(f"revision={revision}i,hour={hour}i,weekday={weekday}i")
        fields.append(f"warm={_BOOLEAN[warm]},gap_in_window={_BOOLEAN[gap]},simulated={_BOOLEAN[simulated]}")
        lines.append(_line("indicators", tags, fields, open_time))
    return lines


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
    return _line("gap", _tags(stream, exchange, symbol, gap.series.interval), fields, gap.start)


def _tags(stream: str, exchange: str, symbol: Symbol, interval: str) -> str:
    """Tags in order of name, which InfluxDB would sort them into; an empty one would be an error."""
    tags = {"coin": symbol.coin, "exchange": exchange, "interval": interval, "stream": stream, "symbol": symbol.name}
    return ",".join(f"{name}={_key(value)}" for name, value in tags.items() if value)


def _key(text: str) -> str:
    """A tag value or field name. A backslash cannot be escaped in it; names of symbols and indicators have none."""
    return text.translate(_KEY)


def _line(measurement: str, tags: str, fields: Iterable[str], time: Millis) -> str:
    return f"{measurement},{tags} {','.join(fields)} {time}"
