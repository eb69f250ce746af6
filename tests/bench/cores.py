"""Which core a process runs on, and how much of its time it takes."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def pin(pid: int, core: int) -> None:
    """Have every thread of a process run on one core; those to come inherit it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has taken, in the system's calls too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK
