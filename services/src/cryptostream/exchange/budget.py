"""What an address may still ask: request weight in the exchange's fixed minutes, 429 and 418. Pure.

Rules by binance-spot-api-docs, `rest-api.md`, "IP Limits": windows follow the exchange's clock, the answer's header
`X-MBX-USED-WEIGHT-1M` counts everyone who shares the address, and going on after a 429 ends in a ban.
"""

from typing import Final, Literal

import msgspec

from cryptostream.core.market.interval import MINUTE, Millis
from cryptostream.core.ports import ExchangeError
from cryptostream.core.result import Err, Ok, Result

Lane = Literal["live", "history"]

STOPS: Final[dict[Lane, int]] = {"live": 90, "history": 60}
"""Percent of the limit, as the exchange counts it, at which a lane stops."""
SHARE: Final = 80
"""Percent of the limit that this process uses of its own accord."""


class Budget(msgspec.Struct, frozen=True):
    """`used` weight in `minute` (number since the epoch) by the exchange's count, `own` by ours.

    Nothing is asked before `held_until` (429) and `banned_until` (418), in ms of the exchange's clock.
    """

    limit: int = 6000
    minute: int = 0
    used: int = 0
    own: int = 0
    held_until: Millis = 0
    banned_until: Millis = 0


def spend(budget: Budget, lane: Lane, weight: int, now: Millis) -> Result[Budget, ExchangeError]:
    """The budget after a call of `weight`, or why it must wait; `now` is the exchange's time."""
    if now < budget.banned_until:
        return Err(ExchangeError("banned", "this address is banned by the exchange", budget.banned_until))
    if now < budget.held_until:
        return Err(ExchangeError("rate_limited", "the exchange asked to wait", budget.held_until))
    at = rolled(budget, now)
    if at.used + weight > at.limit * STOPS[lane] // 100:
        return _spent(f"the address has used a weight of {at.used}; {lane} stops at {STOPS[lane]} %", at)
    if at.own + weight > at.limit * SHARE // 100:
        return _spent(f"our share of the weight is used up: {at.own}, that is {SHARE} %", at)
    return Ok(msgspec.structs.replace(at, used=at.used + weight, own=at.own + weight))


def rolled(budget: Budget, now: Millis) -> Budget:
    """The budget in the minute of `now`: another minute starts from nothing."""
    minute = now // MINUTE
    return budget if minute == budget.minute else msgspec.structs.replace(budget, minute=minute, used=0, own=0)


def counted(budget: Budget, used: int, sent: Millis) -> Budget:
    """What the exchange says was used in the minute in which the question was `sent`.

    Answers overtake one another, and what is under way is not in them: the larger count stands.
    """
    if sent // MINUTE != budget.minute:
        return budget
    return msgspec.structs.replace(budget, used=max(budget.used, used))


def held(budget: Budget, retry_after: float | None, now: Millis) -> Budget:
    """After a 429: wait for `retry_after` seconds, or for the next minute if nothing is said."""
    until = (now // MINUTE + 1) * MINUTE if retry_after is None else now + int(retry_after * 1000)
    return msgspec.structs.replace(budget, held_until=max(budget.held_until, until))


def banned(budget: Budget, until: Millis) -> Budget:
    """After a 418."""
    return msgspec.structs.replace(budget, banned_until=max(budget.banned_until, until))


def limited(budget: Budget, limit: int) -> Budget:
    """The exchange says what it allows an address in a minute."""
    return msgspec.structs.replace(budget, limit=limit)


def _spent(detail: str, budget: Budget) -> Err[ExchangeError]:
    return Err(ExchangeError("rate_limited", detail, (budget.minute + 1) * MINUTE))
