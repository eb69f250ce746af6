"""Which base address to ask: in the given order, around those that failed, which are tried again later. Pure."""

from collections.abc import Collection
from typing import Final

import msgspec

from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.ports import ExchangeError
from cryptostream.core.result import Err, Ok, Result

BLOCKED_REST: Final = (15 * SECOND, 2 * MINUTE)
FAILED_REST: Final = (5 * SECOND, 10 * MINUTE)
"""How long an endpoint is left alone: after the first failure, and at most; each failure doubles it."""


class Health(msgspec.Struct, frozen=True):
    """One endpoint: how often it has failed in a row, why, and until when (ms) it is left alone."""

    url: str
    failures: int = 0
    why: str = ""
    blocked: bool = False
    resting_until: Millis = 0


Endpoints = tuple[Health, ...]


def endpoints(urls: Collection[str]) -> Endpoints:
    """All of `urls`, in order, nothing known of them."""
    return tuple(Health(url.rstrip("/")) for url in urls)


def choose(known: Endpoints, tried: Collection[str], now: Millis) -> Result[str, ExchangeError]:
    """The endpoint to ask next in a call that has asked those in `tried`; or that there is none, and why.

    Those left alone are asked if no other is left, unless all of them block this address.
    """
    left = [each for each in known if each.url not in tried]
    ready = [each for each in left if each.resting_until <= now]
    if ready:
        return Ok(ready[0].url)
    failing = [each for each in left if not each.blocked]
    if failing:
        return Ok(min(failing, key=lambda each: each.resting_until).url)
    why = "; ".join(f"{each.url}: {each.why}" for each in known)
    if all(each.blocked for each in known):
        return Err(ExchangeError("blocked", why, min(each.resting_until for each in known)))
    return Err(ExchangeError("unavailable", why))


def worked(known: Endpoints, url: str) -> Endpoints:
    """After an answer of `url`, be it a refusal."""
    return tuple(Health(each.url) if each.url == url else each for each in known)


def blocked(known: Endpoints, url: str, why: str, now: Millis) -> Endpoints:
    """After `url` said that it does not serve this address: 451, or 403 from a firewall."""
    return tuple(_rested(each, why, BLOCKED_REST, now, blocked=True) if each.url == url else each for each in known)


def failed(known: Endpoints, url: str, why: str, now: Millis, *, patience: int = 0) -> Endpoints:
    """After `url` gave no answer; it is left alone only after more than `patience` failures in a row."""
    return tuple(_failed(each, why, now, patience) if each.url == url else each for each in known)


def _failed(health: Health, why: str, now: Millis, patience: int) -> Health:
    if health.failures < patience:
        return msgspec.structs.replace(health, failures=health.failures + 1, why=why, blocked=False)
    return _rested(health, why, FAILED_REST, now, blocked=False)


def _rested(health: Health, why: str, rest: tuple[Millis, Millis], now: Millis, *, blocked: bool) -> Health:
    first, longest = rest
    length = min(first * 2 ** min(health.failures, 20), longest)
    return Health(health.url, health.failures + 1, why, blocked, now + length)
