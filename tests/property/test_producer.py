"""Whatever happens to a series, the producer's step publishes each candle once or names what is missing."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptostream.core.market.interval import DAY, INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, ExchangeFault
from cryptostream.core.stream.account import expected, missing
from cryptostream.core.stream.audit import DAILY_AT
from cryptostream.core.stream.series_state import Closed, ProducerConfig, Seam
from tests.support.exchange_model import SeriesTruth
from tests.support.producer_world import World

NOW = 1_700_000_000_000 // 60_000 * 60_000 + 17_000
SETTLE = 40 * 60_000
FAULTS: dict[str, ExchangeFault] = {"unavailable": "unavailable", "banned": "banned", "rate_limited": "rate_limited"}

actions = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 200)),  # tenths of an interval, closed candles arrive
        st.tuples(st.just("lose"), st.integers(1, 60)),  # the same, but they are lost
        st.tuples(st.just("double"), st.integers(1, 20)),  # a candle of the past arrives again
        st.tuples(st.just("answer"), st.integers(0, 3)),
        st.tuples(st.just("fail"), st.sampled_from(sorted(FAULTS))),
        st.tuples(st.just("mend"), st.just(0)),
        st.tuples(st.just("lag"), st.integers(0, 3000)),
        st.tuples(st.just("outage"), st.integers(1, 8)),  # the next candles never exist
        st.tuples(st.just("restate"), st.integers(1, 10)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("seam"), st.just(0)),
    ),
    max_size=40,
)


def play(world: World, name: str, amount: int | str) -> None:
    """One action; what needs no amount is in `PLAIN`."""
    interval, truth = world.truth.interval, world.truth
    if name in PLAIN:
        PLAIN[name](world)
    elif isinstance(amount, str):
        world.failing = ExchangeError(FAULTS[amount], "made up", world.now + 4_000)
    elif name in {"pass", "lose"}:
        pass_tenths(world, amount, told=name == "pass")
    elif name == "double":
        push(world, interval.shift(interval.floor(world.now), -amount))
    elif name == "answer":
        world.answer_one(lambda size: amount % size)
    elif name == "lag":
        world.lag = amount
    elif name == "outage":
        first = interval.next(world.now)
        truth.absent |= set(interval.opens(first, interval.shift(first, amount)))
    else:
        assert name == "restate"
        open_time = interval.shift(interval.floor(world.now), -amount)
        truth.versions[open_time] = truth.versions.get(open_time, 0) + 1


def mend(world: World) -> None:
    world.failing = None


PLAIN: dict[str, Callable[[World], None]] = {
    "mend": mend,
    "restart": lambda world: world.restart(),
    "seam": lambda world: world.tell(Seam()),
}


def pass_tenths(world: World, tenths: int, *, told: bool) -> None:
    """Let time pass; `told`: the closing frames of the candles that close meanwhile arrive."""
    interval = world.truth.interval
    target = world.now + interval.step * tenths // 10
    while world.now < target:
        closing = interval.next(world.now)
        world.pass_to(min(target, closing + 5))
        if told and world.now >= closing + 5:
            push(world, interval.shift(closing, -1))


def push(world: World, open_time: Millis) -> None:
    if open_time >= world.truth.first and open_time not in world.truth.absent:
        world.tell(Closed(world.truth.candle(open_time, websocket=True)))


def settled(interval: str, history: int, steps: list[tuple[str, int | str]]) -> World:
    grid = INTERVALS[interval]
    start = grid.shift(grid.floor(NOW), -history)
    truth = SeriesTruth(Series("BTCUSDC", interval), first=grid.shift(start, -5))
    world = World(truth, NOW, start, ProducerConfig(page=7))
    for name, amount in steps:
        play(world, name, amount)
    world.settle(world.now + max(SETTLE, 15 * grid.step))
    return world


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["1m", "15m"]), st.integers(0, 40), actions)
def test_each_candle_is_published_once_or_named(
    interval: str, history: int, steps: list[tuple[str, int | str]]
) -> None:
    """whatever the order of WebSocket candles, duplicates, disconnects, late REST answers, restatements and
    restarts, each (candle, revision) is published once, ascending per lane, or the ledger names what is missing
    """
    world = settled(interval, history, steps)
    grid, truth = world.truth.interval, world.truth

    identities = [(entry.candle.open_time, entry.revision) for entry in world.log]
    assert len(identities) == len(set(identities))

    for begin, end in zip(world.sessions, [*world.sessions[1:], len(world.log)], strict=True):
        for lane in ("live", "repair", "history"):
            opens = [e.candle.open_time for e in world.log[begin:end] if e.lane == lane and e.revision == 0]
            assert opens == sorted(opens)

    newest = grid.floor(world.now - world.config.grace)
    should = {t for t in grid.opens(world.state.spans[0][0], newest) if t not in truth.absent}
    published = {open_time for open_time, _ in identities}
    assert should <= published
    assert not published & truth.absent
    absent = {t for a in world.state.absences for t in grid.opens(a.start, grid.next(a.end))}
    assert absent == {t for t in truth.absent if world.state.spans[0][0] <= t < newest}
    assert not world.state.holes
    assert expected(world.config, world.state, world.now) == len(should | published)
    assert missing(world.config, world.state, world.now) == ({"exchange_outage": len(absent)} if absent else {})
    named = {
        t for g in world.ledger.values() if g.cause == "exchange_outage" for t in grid.opens(g.start, grid.next(g.end))
    }
    assert named == absent
    assert all(gap.state == "closed" for gap in world.ledger.values())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 20), actions)
def test_what_is_published_is_what_the_exchange_says(history: int, steps: list[tuple[str, int | str]]) -> None:
    """The audit of the past day has found every restatement."""
    world = settled("15m", history, steps)
    audit_at = world.state.audit.next_day or 0
    world.settle(audit_at + 60_000)
    newest: dict[Millis, tuple[int, str]] = {}
    for entry in world.log:
        known = newest.get(entry.candle.open_time, (-1, ""))
        if entry.revision > known[0]:
            newest[entry.candle.open_time] = (entry.revision, entry.candle.volume)
    for open_time, (_, volume) in newest.items():
        if audit_at - DAILY_AT - DAY <= open_time < audit_at - DAILY_AT:
            assert float(volume) == float(world.truth.candle(open_time, websocket=False).volume)
