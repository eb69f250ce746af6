"""A simulated day at the highest speed: memory, threads and connections stay what they were, and nothing is missing."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from cryptostream.core.market.interval import HOUR
from tests.support.embedded import cryptostream
from tests.support.program import Program, Usage, program

SAMPLE = Path(__file__).parents[2] / "manifests" / "samples" / "majors.yaml"
SPEED = 200
"""Two cores that others use as well keep up with twenty series and fourteen indicator values at this speed."""


class Sample(NamedTuple):
    """What the run used `hours` of its own time after the first look."""

    hours: float
    usage: Usage


def watched(run: Program) -> list[Sample]:
    """A look each second until the run ends."""
    samples: list[Sample] = []
    began = run.status()["observed_at"]
    while run.process.poll() is None:
        try:
            now = run.status()["observed_at"]
            samples.append(Sample((now - began) / 1000 / HOUR, run.usage()))
        except (OSError, AssertionError):  # it is about to end: its pages are closed, or it has gone from /proc
            if run.process.wait(60) is not None:
                break
        time.sleep(1)
    return samples


def slope(samples: list[Sample]) -> float:
    """Megabytes an hour, by least squares, after the first hour."""
    later = [each for each in samples if each.hours >= 1]
    return float(np.polyfit([each.hours for each in later], [each.usage.megabytes for each in later], 1)[0])


def soak(folder: Path, hours: float) -> list[Sample]:
    run = ("run", "-f", SAMPLE, "--simulate", "--data", folder / "d", "--port", 0, "--log-file", folder / "log")
    with program(folder / "day", *run, "--speed", SPEED, "--for", hours * 3600 / SPEED) as day:
        samples = watched(day)
        assert day.process.wait(60) == 0, day.errors
    # What was open when the clock stopped is fetched by the next start.
    finish = cryptostream(*run, "--speed", 2, "--for", 20)
    assert finish.returncode == 0, finish.stderr
    verified = cryptostream("verify", "-f", SAMPLE, "--data", folder / "d", timeout=600)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return samples


def figures(samples: list[Sample]) -> str:
    usages = [each.usage for each in samples]
    first, last = (each.megabytes for each in (next(s for s in samples if s.hours >= 1).usage, usages[-1]))
    return (
        f"{samples[-1].hours:.1f} simulated hours: at most {max(u.megabytes for u in usages):.0f} MB, "
        f"{first:.0f} MB after the first hour, {last:.0f} MB at the end, {slope(samples):+.2f} MB an hour, "
        f"{min(u.threads for u in usages)} to {max(u.threads for u in usages)} threads, "
        f"{min(u.sockets for u in usages)} to {max(u.sockets for u in usages)} sockets"
    )


@pytest.mark.soak
def test_a_simulated_day(tmp_path: Path) -> None:
    """24 simulated hours at the highest speed the machine allows: resident memory under 300 MB and flat (slope under
    1 MB per simulated hour after the first); no thread or connection leaks.
    """
    samples = soak(tmp_path, 24)
    print(figures(samples))  # noqa: T201 - docs/embedded-run.md quotes it
    assert samples[-1].hours > 23.5
    assert max(each.usage.megabytes for each in samples) < 300
    assert slope(samples) < 1
    early = [each.usage for each in samples if 1 <= each.hours < 6]
    late = [each.usage for each in samples if each.hours >= samples[-1].hours - 5]
    assert max(each.threads for each in late) <= max(each.threads for each in early) + 2
    assert max(each.sockets for each in late) <= max(each.sockets for each in early) + 4
