"""`cryptostream newest`: the newest candle of each series of a stream, as its InfluxDB has it. Changes nothing."""

import math
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cryptostream.core.market.series import Series
from cryptostream.core.ports import CandleStore, StoreError
from cryptostream.core.resource.plan import plan
from cryptostream.core.result import Err, Ok, Result
from cryptostream.service.influx import open_influx
from cryptostream.service.settings import read_settings

DONE, FAULT, BAD_INPUT = 0, 1, 2


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """A series as `--json` prints it: `open_time` in ms, None if nothing is stored; `indicators` None without a row."""

    symbol: str
    interval: str
    open_time: int | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None
    revision: int | None = None
    indicators: dict[str, float | None] | None = None


def newest(config: Path, *, as_json: bool) -> int:
    """Show them; returns the exit code: 1 if InfluxDB does not answer, or a series has no candle yet."""
    settings = read_settings(config, "consumer")
    if isinstance(settings, Err):
        return _refuse(map(str, settings.error), BAD_INPUT)
    store = open_influx(settings.value)
    if isinstance(store, Err):
        return _refuse((store.error.detail,), BAD_INPUT)
    found: list[Newest] = []
    for series in plan(settings.value.spec).series:
        told = read_newest(store.value, series)
        if isinstance(told, Err):
            return _refuse((told.error.detail,), FAULT)
        found.append(told.value)
    _show(found, as_json=as_json)
    return DONE if all(each.open_time is not None for each in found) else FAULT


def read_newest(store: CandleStore, series: Series) -> Result[Newest, StoreError]:
    """What `store` has last of a series."""
    bounds = store.bounds(series)
    if isinstance(bounds, Err):
        return bounds
    empty = Newest(symbol=series.symbol, interval=series.interval)
    if bounds.value is None:
        return Ok(empty)
    _, last = bounds.value
    raw, rows = store.raw(series, last, last + 1), store.enriched(series, last, last + 1)
    if isinstance(raw, Err):
        return raw
    if isinstance(rows, Err):
        return rows
    prices = {name: float(getattr(raw.value, name)[-1]) for name in ("open", "high", "low", "close", "volume")}
    values = {name: _number(column[-1]) for name, column in rows.value.values.items()} if len(rows.value) else None
    revision = int(raw.value.revision[-1])
    return Ok(msgspec.structs.replace(empty, open_time=last, revision=revision, indicators=values, **prices))


def _number(value: float) -> float | None:
    """A value that is not defined yet is None: JSON has no NaN."""
    return None if math.isnan(value) else float(value)


def _show(found: Iterable[Newest], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(list(found))).decode() + "\n")
    else:
        sys.stdout.writelines(f"{_line(each)}\n" for each in found)


def _line(each: Newest) -> str:
    name = f"{each.symbol:12} {each.interval:4}"
    if each.open_time is None:
        return f"{name} nothing yet"
    at = datetime.fromtimestamp(each.open_time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    prices = f"open {each.open} high {each.high} low {each.low} close {each.close} volume {each.volume}"
    values = " ".join(f"{key} {'-' if value is None else value}" for key, value in (each.indicators or {}).items())
    return f"{name} {at} {prices} {values}".rstrip()


def _refuse(faults: Iterable[str], code: int) -> int:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return code
