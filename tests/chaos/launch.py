"""A service as it is, but for its clock: `python -m tests.chaos.launch WALL MILLIS SPEED producer --config FILE`.

Exchange time was MILLIS (ms) when the wall's clock said WALL (ns), and runs SPEED times as fast. What concerns the
network (time-outs, sessions, back-off of the clients) stays on the wall's clock; so does Kafka's time of publication.
"""

import sys
import time

from cryptostream import clock


def scaled(wall_ns: int, millis: int, speed: float) -> type[clock.SystemClock]:
    """The machine's clock as if it were the exchange's."""

    class ExchangeTime(clock.SystemClock):
        def now(self) -> int:
            return self.now_micros() // 1000

        def now_micros(self) -> int:
            return millis * 1000 + int((time.time_ns() - wall_ns) * speed) // 1000

        def real_seconds(self, millis: int) -> float:
            return max(0, millis) / 1000 / speed

    return ExchangeTime


if __name__ == "__main__":
    wall, at, factor, *arguments = sys.argv[1:]
    clock.SystemClock = scaled(int(wall), int(at), float(factor))  # type: ignore[misc]
    from cryptostream.cli import main  # imports the clock in its turn

    sys.argv = ["cryptostream", *arguments]
    main()
