"""The services of a world: processes that are kept running, with their mounted files and links of their own."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.chaos.files import Mounted
from tests.chaos.supervisor import Supervised
from tests.support.data import ROOT
from tests.support.parts.proxy import Proxy

_POOL = urllib3.PoolManager(timeout=2, retries=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """Exchange time: `millis` (ms) when the wall's clock said `wall_ns`, and `speed` times as fast since."""

    wall_ns: int
    millis: int
    speed: float

    def at(self, seconds: float) -> int:
        """Exchange time (ms) at `seconds` since the epoch by the wall's clock."""
        return self.millis + int((seconds - self.wall_ns / 1e9) * 1000 * self.speed)

    def wall(self, millis: int) -> float:
        """Seconds since the epoch when the exchange's clock says `millis`."""
        return self.wall_ns / 1e9 + (millis - self.millis) / 1000 / self.speed


@dataclass(frozen=True, slots=True)
class Service:
    """A producer or consumer, and its links to Kafka and to the store or the exchange."""

    process: Supervised
    mounted: Mounted
    kafka: Proxy
    beyond: Proxy

    @property
    def name(self) -> str:
        return self.process.name

    def status(self) -> dict[str, Any] | None:
        """Its `/status`, or None if it cannot be had."""
        try:
            answer = _POOL.request("GET", f"http://127.0.0.1:{self.mounted.port}/status")
        except urllib3.exceptions.HTTPError:
            return None
        document: dict[str, Any] = json.loads(answer.data)
        return document if answer.status == 200 else None


def command(role: str, mounted: Mounted, clock: Clock) -> list[str | Path]:
    """How a service is started; its clock is the exchange's unless that is the wall's."""
    arguments: list[str | Path] = [role, "--config", mounted.config]
    if clock.speed == 1:
        return [sys.executable, "-m", "cryptostream", *arguments]
    scale = (str(clock.wall_ns), str(clock.millis), str(clock.speed))
    return [sys.executable, "-m", "tests.chaos.launch", *scale, *arguments]


def supervised(role: str, name: str, mounted: Mounted, clock: Clock, logs: Path) -> Supervised:
    return Supervised(name, command(role, mounted, clock), logs / f"{name}.log", ROOT)


def megabytes(services: Iterable[Service]) -> dict[str, float]:
    """Resident memory of each service that lives, in MB of 10^6 bytes."""
    return {each.name: found for each in services if (found := _resident(each)) is not None}


def _resident(service: Service) -> float | None:
    try:
        text = Path(f"/proc/{service.process.server.pid}/status").read_text()
    except (OSError, AssertionError):  # it is down just now
        return None
    told = dict(line.split(":", 1) for line in text.splitlines())
    return int(told["VmRSS"].split()[0]) * 1024 / 1e6 if "VmRSS" in told else None
