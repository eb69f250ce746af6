"""Whatever happens to a series, the producer's step publishes each candle once or names what is missing."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptostream.core.market.interval import DAY, INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, ExchangeFault
from cryptostream.core.stream.account import expected, missing
from cryptostream.core.stream.audit import DAILY_AT
from cryptostream.core.stream.series_state import Closed, ProducerConfig, Seam, Status
from tests.support.exchange_model import SeriesTruth
from tests.support.producer_world import World

NOW = 1_700_000_000_000 // 60_000 * 60_000 + 17_000
SETTLE = 40 * 60_000
History = tuple[int, set[int]]
Steps = list[tuple[str, int | str]]
FAULTS: dict[str, ExchangeFault] = {"unavailable": "unavailable", "banned": "banned", "rate_limited": "rate_limited"}

histories = st.tuples(st.integers(0, 40), st.sets(st.integers(0, 40), max_size=8))
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
        st.tuples(st.just("kill"), st.just(0)),  # with the next transaction
        st.tuples(st.just("leave"), st.integers(1, 60)),  # the series is taken away, and comes back
        st.tuples(st.just("others"), st.integers(1, 5)),  # records of other series on the same partition
        st.tuples(st.just("expire"), st.integers(0, 500)),
        st.tuples(st.just("hear"), st.just(0)),
        st.tuples(st.just("status"), st.sampled_from(["TRADING", "BREAK", "DELISTED"])),
        st.tuples(st.just("seam"), st.just(0)),
    ),
    max_size=40,
)


def play(world: World, name: str, amount: int | str) -> None:
    """One action; `amount` is a word for a few."""
    if isinstance(amount, str):
        put(world, name, amount)
    else:
        ACTIONS[name](world, amount)


def put(world: World, name: str, word: str) -> None:
    if name == "status":
        world.tell(Status(word))
    else:
        world.failing = ExchangeError(FAULTS[word], "made up", world.now + 4_000)


def double(world: World, amount: int) -> None:
    push(world, world.truth.interval.shift(world.truth.interval.floor(world.now), -amount))


def outage(world: World, amount: int) -> None:
    interval = world.truth.interval
    first = interval.next(world.now)
    world.truth.absent |= set(interval.opens(first, interval.shift(first, amount)))


def restate(world: World, amount: int) -> None:
    open_time = world.truth.interval.shift(world.truth.interval.floor(world.now), -amount)
    world.truth.versions[open_time] = world.truth.versions.get(open_time, 0) + 1


def leave(world: World, amount: int) -> None:
    world.stop()
    world.generation += 1
    world.now += world.truth.interval.step * amount // 10
    if amount % 2:
        world.restart()
    else:
        world.come_back()


def expire(world: World, amount: int) -> None:
    back, size = divmod(amount, 20)
    first = world.truth.interval.shift(world.truth.interval.floor(world.now), -back)
    world.expire(first, world.truth.interval.shift(first, size))


def let(name: str, value: Callable[[int], object]) -> Callable[[World, int], None]:
    return lambda world, amount: setattr(world, name, value(amount))


ACTIONS: dict[str, Callable[[World, int], None]] = {
    "pass": lambda world, amount: pass_tenths(world, amount, told=True),
    "lose": lambda world, amount: pass_tenths(world, amount, told=False),
    "double": double,
    "answer": lambda world, amount: world.answer_one(lambda size: amount % size),
    "mend": let("failing", lambda _: None),
    "lag": let("lag", lambda amount: amount),
    "outage": outage,
    "restate": restate,
    "restart": lambda world, _: world.restart(),
    "kill": let("dying", lambda _: True),
    "leave": leave,
    "others": lambda world, amount: setattr(world, "end", world.end + amount),
    "expire": expire,
    "hear": lambda world, _: world.hear(),
    "seam": lambda world, _: world.tell(Seam()),
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


def played(interval: str, history: History, steps: Steps, *, checkpoints: bool = True) -> World:
    """A series with so many candles before it begins, but for some that never existed, after `steps`."""
    grid = INTERVALS[interval]
    size, absent = history
    start = grid.shift(grid.floor(NOW), -size)
    truth = SeriesTruth(Series("BTCUSDC", interval), first=grid.shift(start, -5))
    truth.absent |= {grid.shift(start, place) for place in absent if 0 < place < size - 1}
    world = World(truth, NOW, start, ProducerConfig(page=7), checkpoints)
    for name, amount in steps:
        play(world, name, amount)
    return world


def settled(interval: str, history: History, steps: Steps, *, checkpoints: bool = True) -> World:
    world = played(interval, history, steps, checkpoints=checkpoints)
    world.dying = False
    world.tell(Status("TRADING"))
    world.settle(world.now + max(SETTLE, 15 * world.truth.interval.step))
    return world


def times_named(world: World, open_time: Millis) -> int:
    return sum(first <= open_time <= last for (first, last), _ in world.expired)


def assert_published_once_for_each_time_it_was_named(world: World) -> None:
    places: dict[tuple[Millis, int], list[int]] = {}
    for entry in world.log:
        places.setdefault((entry.candle.open_time, entry.revision), []).append(entry.offset)
    for (open_time, revision), offsets in places.items():
        assert len(offsets) <= 1 + (times_named(world, open_time) if revision == 0 else 0)
        for (first, last), end in world.expired:
            if first <= open_time <= last and offsets[0] < end:
                assert places[open_time, 0][-1] >= end


def assert_lanes_ascend(world: World) -> None:
    """But for what was published again."""
    for begin, end in zip(world.sessions, [*world.sessions[1:], len(world.log)], strict=True):
        for lane in ("live", "repair", "history"):
            lanes = [e for e in world.log[begin:end] if e.lane == lane and e.revision == 0]
            opens = [e.candle.open_time for e in lanes if not times_named(world, e.candle.open_time)]
            assert opens == sorted(opens)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["1m", "15m"]), histories, actions, st.booleans())
def test_each_candle_is_published_once_or_named(
    interval: str, history: History, steps: Steps, checkpoints: bool
) -> None:
    """whatever the order of WebSocket candles, duplicates, disconnects, late REST answers, restatements, kills,
    restarts and expired ranges, each (candle, revision) is published once, ascending per lane, or the ledger names
    what is missing
    """
    world = settled(interval, history, steps, checkpoints=checkpoints)
    grid, truth = world.truth.interval, world.truth
    assert_published_once_for_each_time_it_was_named(world)
    if ("status", "DELISTED") not in steps:  # what was given up, and is listed again, goes back
        assert_lanes_ascend(world)

    newest = grid.floor(world.now - world.config.grace)
    should = {t for t in grid.opens(world.state.spans[0][0], newest) if t not in truth.absent}
    published = {entry.candle.open_time for entry in world.log}
    assert should <= published
    assert not published & truth.absent
    absent = {t for a in world.state.absences for t in grid.opens(a.start, grid.next(a.end))}
    assert absent == {t for t in truth.absent if world.state.spans[0][0] <= t < newest}
    assert not world.state.holes
    assert expected(world.config, world.state, world.now) == len(should | published)
    assert missing(world.config, world.state, world.now) == ({"exchange_outage": len(absent)} if absent else {})
    outages = [gap for gap in world.ledger.values() if gap.cause == "exchange_outage"]
    named = [t for gap in outages for t in grid.opens(gap.start, grid.next(gap.end))]
    assert sorted(named) == sorted(absent)
    assert all(gap.cause in {"pending", "expired", "exchange_outage"} for gap in world.ledger.values())
    assert all(gap.state == "closed" for gap in world.ledger.values())
    assert world.state.earlier + world.state.published == len(published)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(histories, actions)
def test_a_checkpoint_and_the_tail_after_it_tell_exactly_what_is_unpublished(history: History, steps: Steps) -> None:
    """So a restart asks for nothing that is published, and for all that is not."""
    world = played("1m", history, steps)
    world.hear()
    grid, state = world.truth.interval, world.state
    start, end = state.spans[0][0], max(grid.floor(world.now), state.live.next)
    absent = {t for a in state.absences for t in grid.opens(a.start, grid.next(a.end))}
    absent |= {t for hole in state.holes for first, last in hole.absent for t in grid.opens(first, grid.next(last))}
    undecided = {t for hole in state.holes for t in grid.opens(hole.front, grid.next(hole.end))}
    undecided |= set(grid.opens(state.live.next, end))
    found = {t for first, last in world.missing(start, end) for t in grid.opens(first, grid.next(last))}
    assert found - absent == undecided


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(histories, actions)
def test_what_is_published_is_what_the_exchange_says(history: History, steps: Steps) -> None:
    """The audit of the past day has found every restatement."""
    world = settled("15m", history, steps)
    audit_at = world.state.audit.next_day or 0
    world.settle(audit_at + 60_000)
    newest: dict[Millis, tuple[int, str]] = {}
    for entry in world.log:
        known = newest.get(entry.candle.open_time, (-1, ""))
        if entry.revision >= known[0]:
            newest[entry.candle.open_time] = (entry.revision, entry.candle.volume)
    for open_time, (_, volume) in newest.items():
        if audit_at - DAILY_AT - DAY <= open_time < audit_at - DAILY_AT:
            assert float(volume) == float(world.truth.candle(open_time, websocket=False).volume)
