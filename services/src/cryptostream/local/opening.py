"""Opens what an embedded run needs, the market before the store: bad input leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.parse_market import unknown_symbol
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.exchange.archive import Recording
from cryptostream.local.market import Market, open_exchange, open_recording, open_simulator, reachable
from cryptostream.local.options import RunOptions
from cryptostream.producer.job import series_of
from cryptostream.store.directory import DATABASE, data_directory
from cryptostream.store.duckdb_notes import RESOURCE
from cryptostream.store.duckdb_store import DuckDbStore

Faults = tuple[Fault, ...]


def open_market(spec: StreamSpec, options: RunOptions, tell: Callable[[str], None]) -> Result[Market, Faults]:
    """The recording that is asked for; else the exchange, or the simulator where it cannot be reached."""
    if options.replay is not None:
        symbols = {symbol.name: symbol for symbol in spec.symbols}
        found = Recording.open(options.replay, symbols, spec.intervals)
        return found if isinstance(found, Err) else Ok(open_recording(found.value, series_of(spec)))
    endpoints = () if options.simulate else _reach(spec, tell)
    if endpoints:
        market = open_exchange(spec, endpoints)
    else:
        after = _stored_end(spec, options.data) if options.speed != 1 else 0
        market = open_simulator(spec, speed=options.speed, not_before=after)
    faults = _unknown_symbols(spec, market)
    if faults:
        market.close()
        return Err(faults)
    return Ok(market)


def _reach(spec: StreamSpec, tell: Callable[[str], None]) -> tuple[str, ...]:
    """The exchange's endpoints that answer; that none does is said plainly."""
    endpoints, why = reachable(spec.source.endpoints.rest, spec.egress.proxy_url)
    if not endpoints:
        tell(f"The exchange cannot be reached ({why}).\nUsing the simulator: everything below is simulated.")
    return endpoints


def _unknown_symbols(spec: StreamSpec, market: Market) -> Faults:
    """Symbols that the exchange does not trade; one that cannot be asked now is not refused."""
    known = market.urgent.symbols([symbol.name for symbol in spec.symbols])
    if isinstance(known, Err):
        return ()
    return tuple(unknown_symbol(spec, symbol) for symbol in spec.symbols if symbol.name not in known.value)


def _stored_end(spec: StreamSpec, base: Path) -> Millis:
    """Where simulated data ends: a faster clock of an earlier run may have been ahead of this machine's."""
    directory = data_directory(base, spec.stream, simulated=True)
    if not (directory / DATABASE).is_file():
        return 0
    opened = DuckDbStore.read(directory)
    if isinstance(opened, Err):
        return 0
    try:
        bounds = (opened.value.bounds(each) for each in series_of(spec))
        return max((each.value[1] for each in bounds if isinstance(each, Ok) and each.value is not None), default=0)
    finally:
        opened.value.close()


def open_store(
    spec: StreamSpec, indicators: tuple[Indicator, ...], base: Path, *, simulated: bool
) -> Result[DuckDbStore, Faults]:
    """The store of the stream below `base`."""
    fields = ("mean_oc", "return", "range", *(name for each in indicators for name in each.fields))
    opened = DuckDbStore.open(
        data_directory(base, spec.stream, simulated=simulated),
        stream=spec.stream,
        symbols={symbol.name: symbol for symbol in spec.symbols},
        simulated=simulated,
        fields=dict.fromkeys(fields),
    )
    if isinstance(opened, Err):
        return Err((Fault("--data", opened.error.detail, "choose another directory, or stop the other run"),))
    return opened


def note(store: DuckDbStore, resource: str, market: Market) -> Result[None, Faults]:
    """Leave in the store what `verify` has to know: the resource, and what a recording covers."""
    done = store.notes.set_meta(RESOURCE, resource)
    for series, ranges in (market.ranges or {}).items():
        for first, last in ranges:
            done = store.notes.record_coverage(series, first, last) if isinstance(done, Ok) else done
    return Err((Fault("--data", done.error.detail, "check the disk"),)) if isinstance(done, Err) else Ok(None)
