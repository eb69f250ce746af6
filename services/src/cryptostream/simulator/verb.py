"""`cryptostream simulate`: the simulator as a program."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cryptostream.clock import JumpingClock, ScaledClock, SystemClock
from cryptostream.core.ports import Clock
from cryptostream.core.result import Err, Ok, Result
from cryptostream.simulator.config import Addresses, SimulatorConfig
from cryptostream.simulator.faults import Faults
from cryptostream.simulator.market import Market
from cryptostream.simulator.recording import Recording, recordings
from cryptostream.simulator.replay import ReplayMarket, spans

_BAD_INPUT = 2


def simulate(  # noqa: PLR0913 - one argument a flag
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 9010,
    seed: Annotated[int, typer.Option(help="Another seed, another market.")] = 1,
    replay: Annotated[
        Path | None, typer.Option(help="Serve recorded CSV files, a directory or one, instead of a made-up market.")
    ] = None,
    symbols: Annotated[str, typer.Option(help="Of a replay, only these symbols: BTCUSDT,ETHUSDT.")] = "",
    intervals: Annotated[str, typer.Option(help="Of a replay, only these intervals: 1m,1h.")] = "",
    speed: Annotated[float, typer.Option(help="How much faster than the wall's the clock runs.")] = 1.0,
    start: Annotated[
        datetime | None, typer.Option(help="Where the clock starts (UTC); now, or the first row of a replay.")
    ] = None,
    faults: Annotated[str, typer.Option(help="Faults to begin with, as JSON: see docs/simulator.md.")] = "{}",
) -> None:
    """Be the exchange: REST, WebSocket and archive of a made-up or recorded market, with faults as switches."""
    recorded = _recorded(replay, symbols, intervals)
    begun = _faults(faults)
    if speed <= 0:
        _refuse(("--speed: must be above 0 (leave it out for the wall's pace)",))
    if isinstance(recorded, Err):
        _refuse(recorded.error)
    elif isinstance(begun, Err):
        _refuse((begun.error,))
    else:
        market = ReplayMarket(recorded.value) if recorded.value else None
        config = SimulatorConfig(host=host, port=port, seed=seed, faults=begun.value)
        _serve(config, _clock(recorded.value, start, speed), market)


def _serve(config: SimulatorConfig, clock: Clock, market: Market | None) -> None:
    from cryptostream.simulator.simulator import running_simulator  # noqa: PLC0415 - only serving needs an extra

    try:
        with _stop_signal() as stop, running_simulator(config, clock, market) as sim:
            typer.echo(_welcome(sim.addresses))
            stop.wait()
    except (OSError, OverflowError) as error:
        _refuse((f"--host {config.host} --port {config.port}: {error} (choose others; port 0 takes a free one)",))


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clock(recorded: Sequence[Recording], start: datetime | None, speed: float) -> Clock:
    first = None if start is None else int(start.replace(tzinfo=UTC).timestamp() * 1000)
    if recorded:
        ahead = [(max(begin, first or 0), end) for begin, end in spans(recorded) if end > (first or 0)]
        return JumpingClock(ahead or spans(recorded)[-1:], speed)
    if first is None and speed == 1:
        return SystemClock()
    return ScaledClock(SystemClock().now() if first is None else first, speed)


def _recorded(path: Path | None, symbols: str, intervals: str) -> Result[tuple[Recording, ...], tuple[str, ...]]:
    if path is None:
        return Ok(())
    read = recordings(path)
    if isinstance(read, Err):
        return Err(tuple(f"--replay: {fault}" for fault in read.error))
    kept = tuple(one for one in read.value if _chosen(one.symbol, symbols) and _chosen(one.interval, intervals))
    return Ok(kept) if kept else Err((f"--symbols, --intervals: none of the series in {path} is left",))


def _chosen(name: str, names: str) -> bool:
    return not names or name in [one.strip() for one in names.split(",")]


def _faults(text: str) -> Result[Faults, str]:
    try:
        return Ok(msgspec.json.decode(text, type=Faults))
    except msgspec.MsgspecError as error:
        return Err(f"--faults: {error} (docs/simulator.md lists them)")


def _welcome(addresses: Addresses) -> str:
    return f"REST {addresses.rest}  streams {addresses.stream}  faults {addresses.rest}/_faults  (Ctrl-C ends it)"


def _refuse(faults: Sequence[str]) -> None:
    for fault in faults:
        typer.echo(fault, err=True)
    raise typer.Exit(_BAD_INPUT)
