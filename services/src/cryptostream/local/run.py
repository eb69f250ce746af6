"""`cryptostream run`: one resource, one process. Chooses the market, opens the store, lives, and sums up."""

import sys
from contextlib import ExitStack
from functools import partial

from rich.console import Console

from cryptostream.core.indicators.catalogue import compile_indicators
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err
from cryptostream.local.assembly import Parts, assemble
from cryptostream.local.documents import read_stream
from cryptostream.local.life import live
from cryptostream.local.opening import note, open_market, open_store
from cryptostream.local.options import RunOptions
from cryptostream.local.pages import serve
from cryptostream.local.screen import Screen
from cryptostream.local.summary import summary
from cryptostream.observe.logs import Log, setup_logging
from cryptostream.process.memory import give_back_large_blocks
from cryptostream.producer.job import series_of
from cryptostream.store.duckdb_notes import RunTotals

DONE, FAULT, BAD_INPUT = 0, 1, 2


def run(options: RunOptions) -> int:
    """Run the stream of a resource file until it ends; returns the exit code."""
    give_back_large_blocks()
    console = Console()
    read = read_stream(options.file)
    if isinstance(read, Err):
        return _refuse(read.error)
    spec, resource = read.value
    compiled = compile_indicators(spec.indicators, spec.intervals)
    if isinstance(compiled, Err):
        return _refuse(compiled.error)
    with ExitStack() as held:
        market = open_market(spec, options, partial(console.print, highlight=False, soft_wrap=True))
        if isinstance(market, Err):
            return _refuse(market.error)
        held.callback(market.value.close)
        store = open_store(spec, compiled.value, options.data, simulated=market.value.simulated)
        if isinstance(store, Err):
            return _refuse(store.error)
        held.callback(store.value.close)
        noted = note(store.value, resource, market.value)
        if isinstance(noted, Err):
            return _refuse(noted.error)
        logging = setup_logging(
            options.log_file, options.log_level, stream=spec.stream, simulated=market.value.simulated
        )
        try:
            log = held.enter_context(logging)
        except OSError as error:
            return _refuse((Fault("--log-file", f"must be a file that can be written: {error}", "choose another"),))
        return _live(assemble(spec, compiled.value, market.value, store.value, log), options, console, log)


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


def _refuse(faults: tuple[Fault, ...]) -> int:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return BAD_INPUT
