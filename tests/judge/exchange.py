"""Asks the simulated exchange for the truth, in pages, and at its own address: no fault is in between. An edge."""

import json
from collections.abc import Iterator
from typing import Any

import urllib3

from tests.judge import grid
from tests.judge.stream import Series

PAGE = 2_000


class Exchange:
    """The simulator at `url`; without an answer within `timeout` (s) it is asked again, five times."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(5, backoff_factor=0.2, redirect=False))

    def now(self) -> int:
        """The exchange's time in ms."""
        return int(self._get("/_clock", {})["now_micros"]) // 1000

    def candles(self, series: Series, start: int, end: int) -> Iterator[dict[str, Any]]:
        """Its closed candles with open time in [start, end), as they stand now."""
        time = grid.first_at_or_after(series.interval, start)
        step = (grid.following(series.interval, time) - time) * PAGE
        while time < end:
            until = min(time + step, end)
            span = {"start": str(time), "end": str(until)}
            yield from self._get("/_truth", {"symbol": series.symbol, "interval": series.interval, **span})
            time = until

    def _get(self, path: str, fields: dict[str, str]) -> Any:
        answer = self._pool.request("GET", self._url + path, fields=fields)
        assert answer.status == 200, f"{path}: {answer.status} {answer.data[:300]!r}"
        return json.loads(answer.data)
