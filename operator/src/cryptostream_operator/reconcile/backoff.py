"""How long to wait before trying again what has failed. Pure.

The longer something has failed, the rarer it is tried: that follows from the condition alone, so it survives restarts.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptostream.core.market.interval import Millis
from cryptostream_operator.reconcile.times import millis

FIRST: Final = 1.0
LONGEST: Final = 300.0


def delay(failures: int, failing_seconds: float, chance: float) -> float:
    """Seconds until the next attempt, from half of it to all of it by `chance` from 0 to 1.

    Parameters
    ----------
    failures
        Attempts that have failed in a row, as far as this process knows.
    failing_seconds
        Since when it has been failing, as the resource says.
    """
    doubled = FIRST * float(2 ** min(failures - 1, 20))
    longest: float = min(LONGEST, max(doubled, failing_seconds / 4))
    return longest * (0.5 + chance / 2)


def failing_seconds(conditions: Iterable[Mapping[str, Any]], now: Millis) -> float:
    """For how long the condition `Applied` has been false."""
    for each in conditions:
        if each["type"] == "Applied" and each["status"] == "False":
            return max(0.0, (now - (millis(each["lastTransitionTime"]) or now)) / 1000)
    return 0.0
