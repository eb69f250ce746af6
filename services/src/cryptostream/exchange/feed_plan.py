"""Decisions of the live feed: names of streams, who rides on which connection, when to try again. Pure.

Rules by binance-spot-api-docs, `web-socket-streams.md`: 1024 streams a connection, 5 messages a second to the
exchange, 300 attempts to connect in 5 minutes. Long lists of names fail silently, so they are sent in chunks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series

CHUNK: Final = 200
"""Streams named in one address or message, at most."""
PACE: Final[Millis] = 300
"""Between two messages of ours on one connection."""
ATTEMPTS: Final = 250
"""Attempts to connect in any five minutes, at most: some of the 300 are left to others."""
_WINDOW: Final = 5 * MINUTE
_FIRST_DELAY: Final = SECOND // 2
_LONGEST_DELAY: Final = 30 * SECOND

Groups = tuple[frozenset[Series], ...]


def stream_name(series: Series) -> str:
    """The stream of a series, such as `btcusdc@kline_1m`."""
    return f"{series.symbol.lower()}@kline_{series.interval}"


def stream_url(base: str, series: Iterable[Series]) -> str:
    """The address of a combined connection that carries `series` from its first moment on."""
    return f"{base.rstrip('/')}/stream?streams={'/'.join(quote(stream_name(each), safe='@') for each in series)}"


def chunks(series: Collection[Series]) -> list[tuple[Series, ...]]:
    """`series` in order, in pieces that fit into one message."""
    ordered = sorted(series)
    return [tuple(ordered[first : first + CHUNK]) for first in range(0, len(ordered), CHUNK)]


def assign(groups: Groups, wanted: frozenset[Series], most: int) -> Groups:
    """Spread `wanted` over connections of `most` series: what has one keeps it, the rest goes where room is."""
    kept = [group & wanted for group in groups]
    left = sorted(wanted.difference(*kept))
    filled = []
    for group in kept:
        room = most - len(group)
        filled.append(group | frozenset(left[:room]))
        left = left[room:]
    return (*filled, *(frozenset(left[first : first + most]) for first in range(0, len(left), most)))


def delay(failures: int, luck: float) -> Millis:
    """How long to wait after so many failures in a row; `luck` in [0, 1) spreads those who failed together."""
    if failures <= 0:
        return 0
    longest = min(_FIRST_DELAY * 2 ** min(failures - 1, 20), _LONGEST_DELAY)
    return int(longest * (0.5 + luck / 2))


class Attempts(msgspec.Struct, frozen=True):
    """When connections were attempted in the last five minutes, ascending (ms)."""

    times: tuple[Millis, ...] = ()


def attempted(attempts: Attempts, now: Millis) -> Attempts:
    """After one more."""
    return Attempts((*(time for time in attempts.times if now - _WINDOW < time <= now), now))


def attempt_at(attempts: Attempts, now: Millis) -> Millis:
    """When the next one may be made."""
    recent = [time for time in attempts.times if now - _WINDOW < time <= now]
    return now if len(recent) < ATTEMPTS else recent[-ATTEMPTS] + _WINDOW


class Heard(msgspec.Struct, frozen=True):
    """When a series was heard of last (ms), and how often it has been subscribed anew since."""

    at: Millis
    tries: int = 0


def silent(heard: Mapping[Series, Heard], silence: Millis, now: Millis) -> frozenset[Series]:
    """The series that should have been heard of: their patience is `silence` and one candle, and doubles each try."""
    return frozenset(series for series, each in heard.items() if now >= silent_at(series, each, silence))


def silent_at(series: Series, heard: Heard, silence: Millis) -> Millis:
    """When the patience with a series ends. Quiet markets push nothing but the close of each candle."""
    patience: Millis = silence + min(INTERVALS[series.interval].step, HOUR)
    return heard.at + (patience << min(heard.tries, 6))


def next_silent(heard: Mapping[Series, Heard], silence: Millis) -> Millis | None:
    """When the first of them will be missed; None if there is none."""
    return min((silent_at(series, each, silence) for series, each in heard.items()), default=None)


def requests(
    carried: Collection[Series], wanted: Collection[Series], again: Collection[Series]
) -> Sequence[tuple[str, tuple[Series, ...]]]:
    """Messages (method, series) that make a connection carry what is `wanted`, and the streams `again` anew."""
    stay = set(carried) & set(wanted) - set(again)
    leave = [("UNSUBSCRIBE", chunk) for chunk in chunks(set(carried) - stay)]
    return [*leave, *(("SUBSCRIBE", chunk) for chunk in chunks(set(wanted) - stay))]
