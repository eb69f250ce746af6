"""`make bench`: measures, tells, and writes build/bench.json; what limits the consumer is told by a profile of it."""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path

from tests.bench.consumer import Bench, Measured, figures
from tests.support.data import ROOT

TARGETS = {"raw": 0.75, "five": 0.7}
TITLES = {"raw": "raw", "five": "raw and five indicators"}
say = partial(print, flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--candles", type=int, default=300_000)
    asked.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    given = asked.parse_args()
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    bench = Bench(folder, given.candles)
    try:
        told = measure(bench, given.rounds, folder)
    finally:
        bench.close()
    given.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    for each in told:
        ratio = "" if each["ratio"] is None else f", ratio {each['ratio']} (target {each['target']})"
        say(f"{each['figure']}: {each['value']} {each['unit']}{ratio}, spread {each['spread']}")


def measure(bench: Bench, rounds: int, folder: Path) -> list[dict[str, object]]:
    """Floor and consumer in turns, then one run under the profiler."""
    told: list[dict[str, object]] = []
    for name, target in TARGETS.items():
        floors: list[Measured] = []
        runs: list[Measured] = []
        for number in range(rounds):
            floors.append(bench.floor(name))
            runs.append(bench.consumer(name))
            say(f"{name} {number + 1}: floor {floors[-1]}, consumer {runs[-1]}")
        told += figures(TITLES[name], floors, runs, target)
        say(limit(bench, name, folder))
    return told


def limit(bench: Bench, name: str, folder: Path) -> str:
    """What limits the consumer: whose core is busy, and what our threads do most."""
    profile = folder / f"{name}.profile.json"
    run = bench.consumer(name, profile)
    ours = run.cpu * run.rate / 1e6
    who = "InfluxDB's core" if run.store > max(ours, 0.9) else "our core" if ours > 0.9 else "neither core: waiting"
    lines = [
        f"{TITLES[name]}: limited by {who} (InfluxDB {run.store:.0%} of its core, the consumer {ours:.0%} of its own)"
    ]
    for thread, met in sorted(json.loads(profile.read_text()).items()):
        total = sum(count for _, count in met)
        lines += [f"  {thread}: {count / total:.0%} {place}" for place, count in met[:6]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
