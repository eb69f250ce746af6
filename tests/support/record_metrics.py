"""Records what an embedded run exports while the exchange has a fault: `python -m tests.support.record_metrics`.

The alerts are tried on the recordings in tests/data/alerts/recorded. Each is half an hour of the exchange, whose clock
runs thirty times as fast as the wall's; the fault begins after five minutes.
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.local.life import publish_gauges
from cryptostream.simulator.events import Stop
from tests.support.data import ROOT
from tests.support.embedded import Run, running

FOLDER: Final = ROOT / "tests/data/alerts/recorded"
SPEED: Final = 30
STEP: Final = 30 * SECOND
LENGTH: Final = 30 * MINUTE
BEGINS: Final = 5 * MINUTE
FAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "healthy": {},
    "exchange-away": {"refuse_connections": True},
    "banned": {"ban_seconds": 3600, "drop_close_every": 3},
    "blocked": {"blocked": True, "drop_close_every": 3},
    "closes-dropped": {"drop_close_every": 5},
    "symbol-out": {"stops": (Stop(0, None, "outage", ("BTCUSDC",)),)},
}
"""Faults by the name of the recording; what is healed by the product itself leaves all alerts quiet."""
KEPT: Final = (
    *(
        "freshness_seconds",
        "freshness_limit_seconds",
        "gap_candles",
        "expected_candles",
        "completeness_objective_ratio",
    ),
    *("history_left_candles", "market_trading", "dead_letters_total", "fetches_total", "exchange_banned_until_seconds"),
    *("waiting_seconds", "unaccounted_records", "reachable"),
)
"""What alerts ask for of an embedded run."""
Samples = dict[str, list[str]]


def record(name: str) -> None:
    """Write one recording anew."""
    with tempfile.TemporaryDirectory() as folder:
        history = {"history": {"seconds": 600}}
        with running(Path(folder), speed=SPEED, intervals=["1m"], indicators=[], source=history) as run:
            run.settle()
            samples = _sampled(run, FAULTS[name])
            run.sim.faults.clear()
    written = [{"series": series, "values": " ".join(values)} for series, values in sorted(samples.items())]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.yaml").write_text(yaml.safe_dump(written, width=120))


def _sampled(run: Run, fault: Mapping[str, Any]) -> Samples:
    began, samples = run.sim.clock.now(), defaultdict[str, list[str]](list)
    struck = False
    for number in range(LENGTH // STEP):
        while run.sim.clock.now() < began + number * STEP:
            time.sleep(0.02)
        if not struck and fault and number * STEP >= BEGINS:
            struck = True
            run.sim.faults.set(**_from(fault, run.sim.clock.now()))
            run.sim.cut_sockets()
        _scrape(run, samples, number, began // 1000)
    return samples


def _from(fault: Mapping[str, Any], now: Millis) -> dict[str, Any]:
    """The fault from now on."""
    stops = {"stops": tuple(replace(each, start=now) for each in fault["stops"])} if "stops" in fault else {}
    return {**fault, **stops}


def _scrape(run: Run, samples: Samples, number: int, began: int) -> None:
    """One value more of each series; times count from the beginning, as promtool's do."""
    publish_gauges(run.parts, run.parts.view())
    for family in text_string_to_metric_families(run.parts.metrics.render().decode()):
        for each in family.samples:
            if each.name.removeprefix("cryptostream_") in KEPT:
                labels = ",".join(f'{label}="{value}"' for label, value in sorted(each.labels.items()))
                values = samples[f"{each.name}{{{labels}}}"]
                values += ["_"] * (number - len(values))
                until = each.name.endswith("_until_seconds") and each.value
                values.append(f"{each.value - began if until else each.value:.10g}")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or FAULTS:
        record(chosen)
