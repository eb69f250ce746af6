"""Faults of the exchange, each switched on during a run: the store ends complete, and the ledger says what happened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cryptostream.core.market.interval import MINUTE, SECOND
from cryptostream.core.result import Ok
from cryptostream.simulator.events import Restatement, Stop
from tests.support.embedded import Run, running

LINE = """Simulator faults (socket cuts, silent series, dropped and doubled closes, 429, 418, 451, 5xx, HTML 403,
restated history, clock offset), each switched on during a run, end with a complete store and a ledger that says
what happened."""

Switch = Callable[[Run], None]

SWITCHES: dict[str, Switch] = {
    "socket cuts": lambda run: run.sim.cut_sockets(),
    "silent series": lambda run: _set(run, silent=("btcusdc@kline_1s",)),
    "dropped closes": lambda run: _set(run, drop_close_every=3),
    "doubled closes": lambda run: _set(run, double_close_every=2),
    "late closes": lambda run: _set(run, delay_close_ms=4_000),
    "429": lambda run: _set(run, too_many_next=5, drop_close_every=3),
    "418": lambda run: _set(run, ban_seconds=40, drop_close_every=3),
    "451": lambda run: _set(run, blocked=True, drop_close_every=3),
    "5xx": lambda run: _set(run, fail_next=20, drop_close_every=3),
    "HTML 403": lambda run: _set(run, html_forbidden=True, drop_close_every=3),
    "truncated answers": lambda run: _set(run, truncate_next=10, drop_close_every=3),
    "REST behind": lambda run: _set(run, rest_lag_ms=5_000, drop_close_every=3),
    "no connections": lambda run: _set(run, refuse_connections=True),
}


def _set(run: Run, **changes: object) -> None:
    run.sim.faults.set(**changes)


def _mend(run: Run) -> None:
    plain = {"silent": (), "drop_close_every": 0, "double_close_every": 0, "delay_close_ms": 0, "too_many_next": 0}
    run.sim.faults.set(
        **plain,
        fail_next=0,
        truncate_next=0,
        blocked=False,
        html_forbidden=False,
        rest_lag_ms=0,
        refuse_connections=False,
    )


@pytest.mark.parametrize("fault", SWITCHES)
def test_store_is_complete_after(fault: str, tmp_path: Path) -> None:
    with running(tmp_path, source={"history": {"seconds": 120}}) as run:
        run.settle()
        SWITCHES[fault](run)
        if fault == "no connections":
            run.sim.cut_sockets()
        run.pass_time(45 * SECOND)
        _mend(run)
        run.settle()
        run.assert_complete()
        assert all(gap.cause == "pending" and gap.state == "closed" for gap in run.gaps())
        _named_if_blocked(fault, run)


def _named_if_blocked(fault: str, run: Run) -> None:
    """A fault that kept a candle out of the live lane for longer than it may wait has left its gap."""
    if fault in {"418", "451", "HTML 403"}:
        assert any(gap.start > run.began - MINUTE for gap in run.gaps())


@pytest.mark.timeout(300)  # ten simulated minutes and more, on a machine that may be busy
def test_exchange_outage_is_named_and_restatement_is_a_revision(tmp_path: Path) -> None:
    """restated history … end with a complete store and a ledger that says what happened"""
    with running(tmp_path, speed=60, intervals=["1s"], source={"history": {"seconds": 60}}) as run:
        run.settle()
        start = run.sim.clock.now() // SECOND * SECOND + 10 * SECOND
        run.sim.faults.set(stops=(Stop(start, start + 20 * SECOND),))
        run.pass_time(4 * MINUTE)
        run.settle()
        run.assert_complete()
        named = [gap for gap in run.gaps() if gap.cause == "exchange_outage"]
        assert {(gap.series.symbol, gap.candles) for gap in named} == {("BTCUSDC", 20), ("ETHUSDC", 20)}

        restated = run.sim.clock.now() // SECOND * SECOND - 90 * SECOND
        run.sim.faults.set(restatements=(Restatement(restated, restated + 60 * SECOND, ("BTCUSDC",)),))
        run.pass_time(15 * MINUTE)
        run.settle()
        run.assert_complete()
        table = run.parts.store.raw(run.series[0], restated, restated + 60 * SECOND)
        assert isinstance(table, Ok)
        assert max(table.value.revision) == 1  # a second without trades cannot be restated


def test_clock_offset(tmp_path: Path) -> None:
    """clock offset"""
    with running(tmp_path, source={"history": {"seconds": 60}}) as run:
        run.settle()
        run.sim.faults.set(clock_offset_ms=7_000)
        run.pass_time(90 * SECOND)
        run.settle()
        run.assert_complete()
        assert run.parts.market.clock.offset >= 6_000
