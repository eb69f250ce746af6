"""Request weight per address: counting, 429, 418 and bans that grow. Pure.

Windows are fixed and follow the clock: what is asked at 00:01:23 counts to minute 00:01.
"""

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.grid import DAY, MINUTE

_SHORTEST_BAN = 2 * MINUTE
_LONGEST_BAN = 3 * DAY
_ATTEMPTS_WINDOW = 5 * MINUTE


class Limits(msgspec.Struct, frozen=True):
    """What an address may do; after more than `patience` refusals in a minute it is banned."""

    weight_per_minute: int = 6000
    patience: int = 5
    attempts_per_5_minutes: int = 300


class Usage(msgspec.Struct, frozen=True):
    """What an address has done in the current windows, and how it was punished."""

    minute: int = 0
    weight: int = 0
    refused: int = 0
    banned_until: Millis = 0
    bans: int = 0
    attempts_window: int = 0
    attempts: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """The HTTP status (200, 429 or 418) and, unless 200, when (ms) to come back."""

    status: int
    until: Millis = 0


def charge(usage: Usage, limits: Limits, now: Millis, weight: int) -> tuple[Usage, Verdict]:
    """Count a request of `weight` that arrives `now`."""
    if now < usage.banned_until:
        return usage, Verdict(418, usage.banned_until)
    here = usage if usage.minute == now // MINUTE else msgspec.structs.replace(usage, weight=0, refused=0)
    used = msgspec.structs.replace(here, minute=now // MINUTE, weight=here.weight + weight)
    if used.weight <= limits.weight_per_minute:
        return used, Verdict(200)
    if used.refused >= limits.patience:
        until = now + min(_LONGEST_BAN, _SHORTEST_BAN * 5**used.bans)
        return msgspec.structs.replace(used, banned_until=until, bans=used.bans + 1), Verdict(418, until)
    refused = msgspec.structs.replace(used, refused=used.refused + 1)
    return refused, Verdict(429, (now // MINUTE + 1) * MINUTE)


def attempt(usage: Usage, limits: Limits, now: Millis) -> tuple[Usage, bool]:
    """Count an attempt to open a WebSocket, and say whether it is one too many."""
    window = now // _ATTEMPTS_WINDOW
    attempts = usage.attempts + 1 if usage.attempts_window == window else 1
    counted = msgspec.structs.replace(usage, attempts_window=window, attempts=attempts)
    return counted, attempts > limits.attempts_per_5_minutes
