"""`cryptostream recompute`: a changed indicator list for the past. Opens the store, tells of progress, and ends."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.ports import StoreError
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.core.stream.consumer_config import ConsumerConfig, stream_config
from cryptostream.local.data_source import find_data
from cryptostream.local.documents import read_stream
from cryptostream.local.recompute import Tell, mark_all, recompute_marked
from cryptostream.store.duckdb_notes import RESOURCE
from cryptostream.store.duckdb_store import DuckDbStore

DONE, FAULT, BAD_INPUT = 0, 1, 2
CHUNK = 16_384
"""Candles computed and written at a time."""
Faults = tuple[Fault, ...]
GOES_ON = "what is left is marked in the store: the same command goes on"
UNDER_WAY = "recompute"
"""Under this key stands the resource of a recomputation that has not ended."""


@dataclass(frozen=True, slots=True)
class Work:
    """A stream's declared indicators, and the open store that is to follow them."""

    spec: StreamSpec
    resource: str
    indicators: tuple[Indicator, ...]
    store: DuckDbStore

    def config(self) -> ConsumerConfig:
        """What the consumer would do with this stream."""
        return replace(stream_config(self.spec, self.indicators), chunk=CHUNK)


def recompute(data: Path | None, file: Path | None) -> int:
    """Recompute all enriched rows; returns the exit code.

    Parameters
    ----------
    data
        Data directory, or the folder above it; None is `./.cryptostream`.
    file
        Resource with the indicators; None takes those of the run that wrote last.
    """
    console = Console()
    with ExitStack() as held:
        work = _open(data, file, held)
        if isinstance(work, Err):
            return _refuse(work.error)
        tell = held.enter_context(_telling(console))
        try:
            done = _work(work.value, tell)
        except KeyboardInterrupt:
            sys.stderr.write(f"interrupted ({GOES_ON})\n")
            return FAULT
    if isinstance(done, Err):
        sys.stderr.write(f"{done.error.detail} ({GOES_ON})\n")
        return FAULT
    names = ", ".join(each.name for each in work.value.indicators) or "none"
    console.print(f"{work.value.spec.stream}: {done.value} rows recomputed; indicators: {names}", soft_wrap=True)
    return DONE


def _work(work: Work, tell: Tell) -> Result[int, StoreError]:
    """Mark everything, unless an interrupted recomputation of the same resource did; then compute what is marked."""
    store, notes, config = work.store, work.store.notes, work.config()
    before = bind(
        notes.meta(UNDER_WAY), lambda under_way: map_ok(notes.meta(RESOURCE), lambda noted: {under_way, noted})
    )
    if isinstance(before, Err):
        return before
    if before.value != {work.resource}:
        marked = bind(mark_all(store, config), lambda _: notes.set_meta(RESOURCE, work.resource))
        marked = bind(marked, lambda _: notes.set_meta(UNDER_WAY, work.resource))
        if isinstance(marked, Err):
            return marked
    done = bind(notes.listings(), lambda listings: recompute_marked(store, config, listings, tell))
    return bind(done, lambda rows: map_ok(notes.set_meta(UNDER_WAY, ""), lambda _: rows))


# ---------------------------------------------------------------- opening


def _open(data: Path | None, file: Path | None, held: ExitStack) -> Result[Work, Faults]:
    """The work to be done; the store is closed with `held`."""
    declared = None if file is None else read_stream(file)
    if isinstance(declared, Err):
        return declared
    directory = find_data(data, None if declared is None else declared.value[0].stream)
    if isinstance(directory, Err):
        return _data_fault(directory.error)
    noted = _noted(directory.value)
    if isinstance(noted, Err):
        return _data_fault(noted.error.detail)
    simulated, resource = noted.value
    found = declared or _parsed(resource)
    if isinstance(found, Err):
        return found
    return map_ok(_with_store(directory.value, *found.value, simulated=simulated), partial(_closed_with, held))


def _noted(directory: Path) -> Result[tuple[bool, str | None], StoreError]:
    """Whether the candles in `directory` are made up, and the resource of the run that wrote last."""
    opened = DuckDbStore.read(directory)
    if isinstance(opened, Err):
        return opened
    noted = opened.value.notes.meta(RESOURCE)
    opened.value.close()
    return map_ok(noted, lambda resource: (opened.value.identity.simulated, resource))


def _parsed(resource: str | None) -> Result[tuple[StreamSpec, str], Faults]:
    if resource is None:
        return Err((Fault("-f", "must be given: the store does not say what it was written for", "name the file"),))
    return map_ok(parse_stream(msgspec.json.decode(resource)), lambda spec: (spec, resource))


def _with_store(directory: Path, spec: StreamSpec, resource: str, *, simulated: bool) -> Result[Work, Faults]:
    compiled = compile_indicators(spec.indicators, spec.intervals)
    if isinstance(compiled, Err):
        return compiled
    opened = DuckDbStore.open(
        directory,
        stream=spec.stream,
        symbols={symbol.name: symbol for symbol in spec.symbols},
        simulated=simulated,
        fields=(*ALWAYS, *(name for indicator in compiled.value for name in indicator.fields)),
    )
    if isinstance(opened, Err):
        return _data_fault(opened.error.detail)
    return Ok(Work(spec, resource, compiled.value, opened.value))


def _closed_with(held: ExitStack, work: Work) -> Work:
    held.callback(work.store.close)
    return work


def _data_fault(detail: str) -> Err[Faults]:
    return Err((Fault("--data", detail, "name the data directory of a run that has ended"),))


def _refuse(faults: Faults) -> int:
    for each in faults:
        sys.stderr.write(f"{each}\n")
    return BAD_INPUT


# ---------------------------------------------------------------- progress


@contextmanager
def _telling(console: Console) -> Iterator[Tell]:
    """A bar on a terminal, a line for each tenth elsewhere."""
    if not console.is_terminal:
        yield _tenths(console)
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("recomputing", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _tenths(console: Console) -> Tell:
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // total if total else 10
        if tenth > told:
            told = tenth
            console.print(f"recomputed {10 * tenth} %", highlight=False, soft_wrap=True)

    return tell
