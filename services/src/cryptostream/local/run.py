"""`cryptostream run`: one resource, one process. Chooses the market, opens the store, lives, and sums up."""

import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.local.assembly import Parts, assemble, series_of
from cryptostream.local.documents import read_stream
from cryptostream.local.life import live
from cryptostream.local.market import (
    Market,
    find_recording,
    open_exchange,
    open_recording,
    open_simulator,
    reachable,
    unknown_symbols,
)
from cryptostream.local.options import RunOptions
from cryptostream.local.pages import serve
from cryptostream.local.screen import Screen
from cryptostream.local.summary import summary
from cryptostream.observe.logs import Log, setup_logging
from cryptostream.store.directory import data_directory
from cryptostream.store.duckdb_notes import RESOURCE, RunTotals
from cryptostream.store.duckdb_store import DuckDbStore

DONE, FAULT, BAD_INPUT = 0, 1, 2


def run(options: RunOptions) -> int:
    """Run the stream of a resource file until it ends; returns the exit code."""
    console = Console()
    read = read_stream(options.file)
    if isinstance(read, Err):
        return _refuse(read.error)
    spec, resource = read.value
    compiled = compile_indicators(spec.indicators, spec.intervals)
    if isinstance(compiled, Err):
        return _refuse(compiled.error)
    with ExitStack() as held:
        opened = _open(spec, compiled.value, options, console, held)
        if isinstance(opened, Err):
            return _refuse(opened.error)
        market, store = opened.value
        noted = _note(store, resource, market)
        if isinstance(noted, Err):
            return _refuse(noted.error)
        log = held.enter_context(
            setup_logging(options.log_file, options.log_level, stream=spec.stream, simulated=market.simulated)
        )
        return _live(assemble(spec, compiled.value, market, store, log), options, console, log)


def _live(parts: Parts, options: RunOptions, console: Console, log: Log) -> int:
    with ExitStack() as held:
        served = held.enter_context(serve(parts, options.port, log))
        title = f"{parts.spec.stream} on {parts.market.name}" + (" (simulated)" if parts.market.simulated else "")
        console.print(f"{title}; status at {served}" if served else title, highlight=False, soft_wrap=True)
        log.info("started", market=parts.market.name, series=len(series_of(parts.spec)))
        screen = Screen(console, title)
        ending = live(parts, screen.show, options.for_seconds)
        view = parts.view()
        screen.close(view)
    note_totals(parts)
    log.info("stopped", stored=view.stored, fault=ending.fault)
    if options.summary is not None:
        options.summary.write_bytes(summary(view, simulated=parts.market.simulated))
    if ending.fault is not None:
        sys.stderr.write(f"{ending.fault}\n")
    return DONE if ending.fault is None else FAULT


def note_totals(parts: Parts) -> None:
    """Leave the terms of conservation in the store, where `verify` adds them up."""
    consumed = parts.consumer.snapshot()
    totals = RunTotals(
        ended_at=parts.market.clock.now_micros(),
        published=parts.producer.snapshot().records,
        stored=consumed.totals.stored,
        duplicates=consumed.totals.duplicates,
        dead_lettered=consumed.totals.dead_lettered + consumed.unplaced,
    )
    parts.store.notes.record_totals(totals)


# ---------------------------------------------------------------- opening


def _open(
    spec: StreamSpec, indicators: tuple[Indicator, ...], options: RunOptions, console: Console, held: ExitStack
) -> Result[tuple[Market, DuckDbStore], tuple[Fault, ...]]:
    """The market and the store of the run, both closed with `held`."""
    if options.replay is not None:
        found = find_recording(spec, options.replay)
        if isinstance(found, Err):
            return found
        store = _open_store(spec, indicators, options.data, held, simulated=False)
        market = open_recording(found.value, series_of(spec))
    else:
        endpoints = _reach(spec, options, console)
        store = _open_store(spec, indicators, options.data, held, simulated=not endpoints)
        if isinstance(store, Err):
            return store
        after = _after(store.value)
        market = (
            open_exchange(spec, endpoints) if endpoints else open_simulator(spec, speed=options.speed, not_before=after)
        )
    held.callback(market.close)
    if isinstance(store, Err):
        return store
    known = unknown_symbols(spec, market)
    return known if isinstance(known, Err) else Ok((market, store.value))


def _reach(spec: StreamSpec, options: RunOptions, console: Console) -> tuple[str, ...]:
    """The exchange's endpoints that answer; none means that the market is made up, which is said plainly."""
    if options.simulate:
        return ()
    endpoints, why = reachable(spec.source.endpoints.rest)
    if not endpoints:
        console.print(
            f"The exchange cannot be reached ({why}).\nUsing the simulator: everything below is simulated.",
            highlight=False,
            soft_wrap=True,
        )
    return endpoints


def _open_store(
    spec: StreamSpec, indicators: tuple[Indicator, ...], base: Path, held: ExitStack, *, simulated: bool
) -> Result[DuckDbStore, tuple[Fault, ...]]:
    directory = data_directory(base, spec.stream, simulated=simulated)
    fields = ("mean_oc", "return", "range", *(name for each in indicators for name in each.fields))
    opened = DuckDbStore.open(
        directory,
        stream=spec.stream,
        symbols={symbol.name: symbol for symbol in spec.symbols},
        simulated=simulated,
        fields=dict.fromkeys(fields),
    )
    if isinstance(opened, Err):
        return Err((Fault("--data", opened.error.detail, "choose another --data directory, or stop the other run"),))
    held.callback(opened.value.close)
    return opened


def _after(store: DuckDbStore) -> int:
    """Where stored data ends: a faster clock of an earlier run may have been ahead of this machine's."""
    series = store.series()
    ends = (store.bounds(each) for each in (series.value if isinstance(series, Ok) else ()))
    return max((end.value[1] for end in ends if isinstance(end, Ok) and end.value is not None), default=0)


def _note(store: DuckDbStore, resource: str, market: Market) -> Result[None, tuple[Fault, ...]]:
    """Leave in the store what `verify` has to know: the resource, and what a recording covers."""
    done = store.notes.set_meta(RESOURCE, resource)
    for series, ranges in (market.ranges or {}).items():
        for first, last in ranges:
            done = store.notes.record_coverage(series, first, last) if isinstance(done, Ok) else done
    return Err((Fault("--data", done.error.detail, "check the disk"),)) if isinstance(done, Err) else Ok(None)


def _refuse(faults: tuple[Fault, ...]) -> int:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return BAD_INPUT
