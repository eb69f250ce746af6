"""Decisions of the live feed: names of streams, who rides on which connection, when to try again. Pure.

Rules by binance-spot-api-docs, `web-socket-streams.md`: 1024 streams a connection, 5 messages a second to the
exchange, 300 attempts to connect in 5 minutes. Long lists of names fail silently, so they are sent in chunks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series

CHUNK: Final = 200
"""Streams named in one address or message, at most."""
PACE: Final[Millis] = 500
"""Between two messages of ours on one connection: with a ping and a pong they stay below five a second."""
ATTEMPTS: Final = 250
"""Attempts to connect in any five minutes, at most: some of the 300 are left to others."""
_WINDOW: Final = 5 * MINUTE
_FIRST_DELAY: Final = SECOND // 2
_LONGEST_DELAY: Final = 30 * SECOND
_OVERLAP: Final = (3 * SECOND, 20 * SECOND)
"""How long two connections are open side by side: updates come every two seconds, so at least that long."""

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
    """When connections were attempted in the last five minutes, ascending (ms); none before `held_until`."""

    times: tuple[Millis, ...] = ()
    held_until: Millis = 0


def attempted(attempts: Attempts, now: Millis) -> Attempts:
    """After one more."""
    return Attempts((*(time for time in attempts.times if now - _WINDOW < time <= now), now), attempts.held_until)


def held(attempts: Attempts, until: Millis) -> Attempts:
    """After the exchange has said how long this address must wait."""
    return Attempts(attempts.times, max(attempts.held_until, until))


def attempt_at(attempts: Attempts, now: Millis) -> Millis:
    """When the next one may be made."""
    recent = [time for time in attempts.times if now - _WINDOW < time <= now]
    return max(attempts.held_until, now if len(recent) < ATTEMPTS else recent[-ATTEMPTS] + _WINDOW)


class Heard(msgspec.Struct, frozen=True):
    """Exchange time of the last update of a series (ms), and how often it has been subscribed anew since.

    `at` is None where nothing has been heard of any series yet.
    """

    at: Millis | None
    tries: int = 0


def patience(interval: str, silence: Millis, tries: int) -> Millis:
    """How long a series may be silent: `silence` and one candle, since quiet markets push nothing but the close of
    each; twice as long after each of the `tries` that did not help.
    """
    usual: Millis = silence + min(INTERVALS[interval].step, HOUR)
    return usual << min(tries, 6)


def silent(heard: Mapping[Series, Heard], silence: Millis, newest: Millis) -> frozenset[Series]:
    """The series that should have been heard of.

    They are held against the `newest` update of any, by the exchange's time: a pause of this process, after which
    updates come late but in order, is no silence.
    """
    return frozenset(
        series
        for series, each in heard.items()
        if each.at is not None and newest - each.at >= patience(series.interval, silence, each.tries)
    )


def takeover(
    old: Collection[Series] | None, fresh: Collection[Series], *, complete: bool, elapsed: Millis
) -> Literal["wait", "take", "refuse"]:
    """Whether a new connection takes the place of the old one.

    Parameters
    ----------
    old, fresh
        The series heard on each since both are open; `old` is None if it has ended.
    complete
        Whether the new one has been asked for all it is to carry.
    elapsed
        For how long both have been open (ms).
    """
    shortest, longest = _OVERLAP
    if old is None:
        return "take"
    if complete and fresh and set(fresh) >= set(old) and elapsed >= shortest:
        return "take"
    if elapsed < longest:
        return "wait"
    return "take" if fresh or not old else "refuse"


def requests(
    carried: Collection[Series], wanted: Collection[Series], again: Collection[Series]
) -> Sequence[tuple[str, tuple[Series, ...]]]:
    """Messages (method, series) that make a connection carry what is `wanted`, and the streams `again` anew."""
    stay = set(carried) & set(wanted) - set(again)
    leave = [("UNSUBSCRIBE", chunk) for chunk in chunks(set(carried) - stay)]
    return [*leave, *(("SUBSCRIBE", chunk) for chunk in chunks(set(wanted) - stay))]
