"""What a stream sends and when: updates while a candle runs, one when it has closed. Pure."""

import re
from typing import NamedTuple

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.faults import closings, matches
from cryptostream.simulator.grid import NAMES, SECOND
from cryptostream.simulator.hashing import key_of
from cryptostream.simulator.market import Line
from cryptostream.simulator.params import zone_of
from cryptostream.simulator.row import Push, Row
from cryptostream.simulator.state import State

PACE = 2 * SECOND
"""Running candles are sent this often, if they have changed; those of 1s are only sent closed, every second."""
LATEST = 7
"""A closing update comes 1 to 6 ms after the candle's end, so by now minus this all have."""
CHUNK = 1000
"""At most so many closing updates of a stream at once."""

_NAME = re.compile(rf"([^A-Z@]+)@kline_({'|'.join(NAMES)})(?:@([+-]\d\d:\d\d))?")


class Stream(NamedTuple):
    """A kline stream by its name and what it tells of."""

    name: str
    line: Line


class Position(NamedTuple):
    """How far a stream has been sent: closed candles up to `until`, running ones in the slot `slot` of `PACE`."""

    until: Millis
    slot: int
    seen: tuple[Millis, int] = (0, 0)
    """Open time and trades of the last running candle sent."""


def stream_of(name: str, symbols: frozenset[str]) -> Stream | None:
    """The stream called `name`; None for what is no kline stream of a known symbol: such ones stay silent."""
    match = _NAME.fullmatch(name)
    if not match or match[1].upper() not in symbols:
        return None
    zone = zone_of(match[3] or "0")
    return None if zone is None else Stream(name, Line(match[1].upper(), match[2], zone))


def beginning(now: Millis) -> Position:
    """A stream that is subscribed `now` tells of what comes after."""
    return Position(reach(now), now // PACE)


def reach(now: Millis) -> Millis:
    """The last instant, a whole second, whose closing updates have all been sent by `now`."""
    return (now - LATEST) // SECOND * SECOND


def due(stream: Stream, position: Position, state: State) -> tuple[Position, list[Push]]:
    """What `stream` has to send by now, oldest first; closing updates that are to come late have a later `at`."""
    until, slot = reach(state.view.now), state.view.now // PACE
    if until <= position.until:
        return position, []
    ended = state.market.closed(stream.line, position.until, until, CHUNK, state.view)
    is_behind = len(ended) == CHUNK
    reached = ended[-1][0] if is_behind else until
    if stream.line.symbol in state.faults.delisted or matches(stream.name, state.faults.silent):
        return position._replace(until=reached, slot=slot), []
    closed = (_push(stream, row, end + _lag(state.seed, stream.name, end), closed=True) for end, row in ended)
    pushes = [sent for push in closed for sent in closings(state.faults, push, stream.name, state.seed)]
    if is_behind or slot == position.slot or stream.line.interval == "1s":
        return position._replace(until=reached), pushes
    running, seen = _running(stream, position, slot * PACE, state)
    return Position(reached, slot, seen), pushes + running


def _running(stream: Stream, position: Position, at: Millis, state: State) -> tuple[list[Push], tuple[Millis, int]]:
    """The update of the candle that runs `at`, unless it is as it was."""
    row = state.market.running(stream.line, state.view._replace(now=at))
    seen = (row.open_time, row.trades or 0) if row else position.seen
    if row is None or seen == position.seen:
        return [], position.seen
    return [_push(stream, row, at, closed=False)], seen


def _push(stream: Stream, row: Row, at: Millis, *, closed: bool) -> Push:
    return Push(stream.line.symbol, stream.line.interval, row, closed, at)


def _lag(seed: int, name: str, end: Millis) -> int:
    return 1 + key_of(seed, name, end) % (LATEST - 1)
