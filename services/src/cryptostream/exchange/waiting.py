"""Waiting in an event loop by a clock that need not be the wall's."""

import asyncio
from typing import Final

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock

_SHORTEST: Final = 0.001


async def until(clock: Clock, time: Millis) -> None:
    """Wait until `clock` shows `time`."""
    while (left := time - clock.now()) > 0:  # noqa: ASYNC110 - a clock has no event: one that stands is looked at again
        await asyncio.sleep(max(clock.real_seconds(left), _SHORTEST))
