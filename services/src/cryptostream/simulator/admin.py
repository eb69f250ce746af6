"""What tests and judges ask over HTTP, beside the exchange's own calls: faults, the truth, the clock."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.simulator.faults import FaultSwitch
from cryptostream.simulator.grid import NAMES, Grid
from cryptostream.simulator.http11 import Answer, Request
from cryptostream.simulator.market import Line
from cryptostream.simulator.row import Row
from cryptostream.simulator.state import State


def truth(state: State, series: Series, start: Millis, end: Millis) -> tuple[Row, ...]:
    """The closed candles of `series` with open time in [start, end), exactly as they stand now, whatever the
    faults of HTTP and streams make of them.
    """
    line, grid = Line(series.symbol, series.interval), Grid(series.interval)
    rows = state.market.rows(line, start, end - 1, 2**62, state.view)
    return tuple(row for row in rows if grid.next(grid.floor(row.open_time)) <= state.view.now)


def faults_answer(request: Request, switch: FaultSwitch) -> Answer:
    """GET tells the faults, POST changes those it names, DELETE clears them."""
    if request.method == "DELETE":
        switch.clear()
    elif request.method == "POST":
        try:
            switch.merge(msgspec.json.decode(request.body, type=dict))
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            return _told(400, f"{error}; docs/simulator.md lists the faults")
    elif request.method != "GET":
        return _told(405, "use GET, POST or DELETE")
    return Answer(200, msgspec.json.encode(switch.value))


def truth_answer(request: Request, state: State) -> Answer:
    """`GET /_truth?symbol=…&interval=…&start=…&end=…`, times in ms: candles as objects."""
    asked: Mapping[str, str] = dict(parse_qsl(request.query))
    symbol, interval = asked.get("symbol", ""), asked.get("interval", "")
    times = asked.get("start", ""), asked.get("end", "")
    if symbol not in {one.name for one in state.market.symbols} or interval not in NAMES:
        return _told(400, f"symbol={symbol!r} and interval={interval!r} must name a series of this market")
    if not all(time.isdigit() for time in times):
        return _told(400, "start and end must be times in ms")
    rows = truth(state, Series(symbol, interval), int(times[0]), int(times[1]))
    return Answer(200, msgspec.json.encode(rows))


def clock_answer(state: State) -> Answer:
    """`GET /_clock`: the exchange's time."""
    return Answer(200, msgspec.json.encode({"now_micros": state.now}))


def counts_answer(answers: Mapping[tuple[str, int], int], sockets: int) -> Answer:
    """`GET /_answers`: how many answers by path and status, an open WebSocket counts as 101; how many are open."""
    told = [{"path": path, "status": status, "count": count} for (path, status), count in sorted(answers.items())]
    return Answer(200, msgspec.json.encode({"answers": told, "sockets": sockets}))


def _told(status: int, message: str) -> Answer:
    return Answer(status, msgspec.json.encode({"error": message}))
