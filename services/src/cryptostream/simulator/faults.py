"""Every fault as a switch: one frozen value, swapped whole, so that no reader sees half a change."""

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock
from cryptostream.simulator.events import Events, Restatement, Stop
from cryptostream.simulator.hashing import happens
from cryptostream.simulator.row import Push

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong with the exchange. Times are ms of its own clock; `…_next` count down as they strike."""

    # the market: what the truth itself is
    stops: tuple[Stop, ...] = ()
    """Halts (flat candles) and outages (absent candles, early close times)."""
    restatements: tuple[Restatement, ...] = ()
    """Ranges whose volumes are other than they were; prices stay."""
    delisted: tuple[str, ...] = ()
    """Symbols that nobody knows any more; their streams are silent."""
    clock_offset_ms: int = 0
    """The exchange's clock is ahead by this much; what closes, closes by it."""

    # HTTP
    refuse_connections: bool = False
    """Connections are reset without an answer, and WebSocket handshakes too."""
    paths: str = "*"
    """The HTTP faults below strike paths that match this pattern (`/api/v3/klines`, `/api/*`)."""
    too_many_next: _Count = 0
    """So many answers are 429, with Retry-After to the end of the minute."""
    banned_until: Millis = 0
    """418 until then."""
    blocked: bool = False
    """451, as from a restricted location."""
    html_forbidden: bool = False
    """403 with a page of HTML, as from a firewall."""
    fail_next: _Count = 0
    """So many answers are `fail_status`."""
    fail_every: _Count = 0
    """Every so-manieth answer is `fail_status`."""
    fail_status: Annotated[int, msgspec.Meta(ge=500, le=599)] = 503
    truncate_next: _Count = 0
    """So many answers have half their body."""
    answer_delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Wall-clock seconds before any answer: slow, or long enough to time out."""
    rest_lag_ms: _Count = 0
    """A closed candle is absent from REST for so long after its end."""

    # streams
    silent: tuple[str, ...] = ()
    """Streams that match (`btcusdc@kline_1m`, `*@kline_1s`) send nothing; their sockets live."""
    streams: str = "*"
    """The faults below strike streams that match this pattern."""
    drop_close_probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """A closing update is not sent, with this probability, drawn from the seed and the candle."""
    drop_close_every: _Count = 0
    """A closing update is not sent for every so-manieth candle."""
    double_close_every: _Count = 0
    """A closing update is sent twice for every so-manieth candle."""
    delay_close_ms: _Count = 0
    """Closing updates come so much later."""

    archive: Literal["none", "missing", "bad_checksum", "truncated"] = "none"
    """What is wrong with archive files."""

    @property
    def events(self) -> Events:
        return Events(self.stops, self.restatements)


class FaultSwitch:
    """Holds the faults of a running simulator. Safe to use from several threads."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._answers = 0
        self._lock = threading.Lock()

    @property
    def value(self) -> Faults:
        return self._faults

    def now_micros(self) -> int:
        """The exchange's time in µs."""
        return self._clock.now_micros() + self._faults.clock_offset_ms * 1000

    def now(self) -> Millis:
        """The exchange's time in ms."""
        return self.now_micros() // 1000

    def set(self, **changes: Any) -> Faults:
        """Change the named fields and leave the others. `ban_seconds=s` means `banned_until` s seconds from now.

        Raises
        ------
        ValueError
            If a field is unknown or a value is not of its type.
        """
        return self.merge(msgspec.to_builtins(changes))

    def merge(self, changes: Mapping[str, Any]) -> Faults:
        """The same with plain JSON values."""
        plain = dict(changes)
        if "ban_seconds" in plain:
            plain["banned_until"] = self.now() + int(plain.pop("ban_seconds") * 1000)
        with self._lock:
            self._faults = msgspec.convert(msgspec.to_builtins(self._faults) | plain, Faults)
            return self._faults

    def clear(self) -> Faults:
        """No faults any more; what was restated or stopped is as if it had never been."""
        with self._lock:
            self._faults = Faults()
            return self._faults

    def take(self, counter: Literal["too_many_next", "fail_next", "truncate_next"]) -> bool:
        """Whether this fault strikes now; if so, it is one less."""
        with self._lock:
            left: int = getattr(self._faults, counter)
            if left > 0:
                self._faults = msgspec.structs.replace(self._faults, **{counter: left - 1})
            return left > 0

    def take_failure(self) -> bool:
        """Whether this answer is a 5xx, by `fail_next` or `fail_every`."""
        with self._lock:
            self._answers += 1
            turn = self._faults.fail_every > 0 and self._answers % self._faults.fail_every == 0
        return self.take("fail_next") or turn


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether `name` matches any of the shell-like `patterns`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def closings(faults: Faults, push: Push, stream: str, seed: int) -> tuple[Push, ...]:
    """What becomes of a closing update: sent, not sent, sent twice, sent late. Pure."""
    if not matches(stream, (faults.streams,)):
        return (push,)
    row = push.row
    number = row.open_time // (row.close_time + 1 - row.open_time)
    if faults.drop_close_every and number % faults.drop_close_every == 0:
        return ()
    if happens(faults.drop_close_probability, seed, stream, row.open_time):
        return ()
    late = push._replace(at=push.at + faults.delay_close_ms)
    doubled = faults.double_close_every and number % faults.double_close_every == 0
    return (late, late) if doubled else (late,)
