"""What the command line asks of an embedded run. A frozen value."""

from pathlib import Path
from typing import Literal

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`for_seconds` counts from the first stored candle; `speed` is of the simulator's clock alone."""

    file: Path
    replay: Path | None = None
    data: Path = Path(".cryptostream")
    for_seconds: float | None = None
    summary: Path | None = None
    log_file: Path | None = None
    log_level: Level = "info"
    simulate: bool = False
    speed: float = 1.0
    port: int = 8080
