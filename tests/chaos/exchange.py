"""The simulated exchange as a process of its own, and its faults as calls."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from tests.support.parts.ports import claim_port
from tests.support.parts.process import Server


class SimulatedExchange(Server):
    """`cryptostream simulate` at `host`; its clock begins at `start` (ms) and runs `speed` times as fast as ours."""

    def __init__(
        self,
        folder: Path,
        *,
        start: int,
        speed: float = 1.0,
        seed: int = 1,
        faults: Mapping[str, Any] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.port = claim_port()
        self.host = host
        self.speed = speed
        self._pool = urllib3.PoolManager(timeout=30, retries=False)
        begin = datetime.fromtimestamp(start / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        command = [sys.executable, "-m", "cryptostream", "simulate", f"--port={self.port}", f"--seed={seed}"]
        clock = [f"--host={host}", f"--start={begin}", f"--speed={speed}", f"--faults={json.dumps(faults or {})}"]
        super().__init__("exchange", [*command, *clock], folder / "exchange.log", self._answers)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def now(self) -> int:
        """Its time in ms."""
        return int(self._ask("GET", "/_clock")["now_micros"]) // 1000

    def faults(self) -> dict[str, Any]:
        told: dict[str, Any] = self._ask("GET", "/_faults")
        return told

    def set(self, **changes: Any) -> None:
        """Change these of its faults."""
        self._ask("POST", "/_faults", changes)

    def cut(self) -> None:
        """End every WebSocket without a word."""
        self._ask("POST", "/_cut")

    def announce_shutdown(self) -> None:
        self._ask("POST", "/_shutdown")

    def _answers(self) -> bool:
        try:
            return self.now() > 0
        except urllib3.exceptions.HTTPError:
            return False

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._pool.request(method, self.url + path, body=None if body is None else json.dumps(body))
        assert answer.status < 300, f"{path}: {answer.status} {answer.data[:300]!r}"
        return json.loads(answer.data) if answer.data else None
