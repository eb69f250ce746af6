"""The REST calls: a request and the state of the exchange give an answer. Pure."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from cryptostream.core.market.interval import Millis, to_millis
from cryptostream.core.result import Err, Ok, Result
from cryptostream.simulator.grid import Grid
from cryptostream.simulator.info import exchange_info
from cryptostream.simulator.market import Line
from cryptostream.simulator.params import (
    INFO,
    INFO_FORM,
    KLINES,
    KLINES_FORM,
    ApiError,
    Params,
    first_fault,
    known_interval,
    known_symbol,
    known_zone,
    parse_query,
    symbol_list,
    zone_of,
)
from cryptostream.simulator.row import Row, rest_row
from cryptostream.simulator.state import State

MOST_ROWS = 1000
_USUAL_ROWS = 500


Reply = Result[str, ApiError]


class Call(NamedTuple):
    """One call: its weight, the parameters it knows, and what it answers, as JSON text."""

    weight: int
    known: tuple[str, ...]
    answer: Callable[[Params, State, int], Reply]


def call_at(path: str) -> Call | None:
    """The call at `path`, if there is one."""
    return _CALLS.get(path)


def reply_to(call: Call, query: str, state: State, scale: int) -> Reply:
    """What `call` answers to a query string, with times in ms (`scale` 1) or µs (1000)."""
    params = parse_query(query, call.known)
    return params if isinstance(params, Err) else call.answer(params.value, state, scale)


def _ping(_params: Params, _state: State, _scale: int) -> Reply:
    return Ok("{}")


def _time(_params: Params, state: State, scale: int) -> Reply:
    return Ok(f'{{"serverTime":{state.now if scale > 1 else state.now // 1000}}}')


def _info(params: Params, state: State, scale: int) -> Reply:
    names = state.symbols()
    fault = first_fault(params, (*INFO_FORM, symbol_list(names), known_symbol(names)))
    if fault:
        return Err(fault)
    info = exchange_info(params, state)
    return Ok(msgspec.json.encode(info | {"serverTime": info["serverTime"] * scale}).decode())


def _klines(params: Params, state: State, scale: int) -> Reply:
    fault = first_fault(params, (*KLINES_FORM, known_symbol(state.symbols()), known_interval, known_zone))
    if fault:
        return Err(fault)
    line = Line(params["symbol"], params["interval"], zone_of(params.get("timeZone", "0")) or 0)
    limit = min(MOST_ROWS, int(params.get("limit", 0)) or _USUAL_ROWS)
    rows = state.market.rows(line, _moment(params, "startTime"), _moment(params, "endTime"), limit, state.view)
    return Ok(f"[{','.join(rest_row(row, scale) for row in _arrived(rows, line, state))}]")


def _arrived(rows: list[Row], line: Line, state: State) -> list[Row]:
    """Without what closed so recently that the database has not got it yet."""
    lag, now, grid = state.faults.rest_lag_ms, state.view.now, Grid(line.interval, line.zone)
    return [row for row in rows if not 0 <= now - grid.next(row.open_time) < lag] if lag else rows


def _moment(params: Params, name: str) -> Millis | None:
    """A time parameter in ms, brought into the range of times there are."""
    return min(to_millis(int(params[name])), _LATEST) if name in params else None


_LATEST: Millis = 90_000_000_000_000
_CALLS = {
    "/api/v3/ping": Call(1, (), _ping),
    "/api/v3/time": Call(1, (), _time),
    "/api/v3/exchangeInfo": Call(20, INFO, _info),
    "/api/v3/klines": Call(2, KLINES, _klines),
    "/api/v3/uiKlines": Call(2, KLINES, _klines),
}
