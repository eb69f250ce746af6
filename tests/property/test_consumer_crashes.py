"""A store without transactions, a process that may end between any two effects: in the end nothing shows of it."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig
from tests.property.test_consumer import CONFIGS, Batch, Listed, batches, listing_of, newest
from tests.support.consumer_rig import GroupRig
from tests.support.consumer_world import in_bulk
from tests.support.model_store import rows_of


@dataclass(frozen=True)
class Killed:
    """The process ends at this effect, if it comes so far."""

    effect: int


Happening = Batch | Listed | Killed


def events(intervals: tuple[str, ...]) -> st.SearchStrategy[Happening]:
    listed = st.builds(Listed, st.sampled_from(intervals), st.integers(0, 20))
    killed = st.builds(Killed, st.integers(0, 40))
    return st.one_of(batches(intervals), batches(intervals), killed, killed, listed)


@st.composite
def histories(draw: st.DrawFn) -> tuple[ConsumerConfig, list[Happening]]:
    config = draw(st.sampled_from(CONFIGS))
    held = draw(st.sampled_from((5, 40)))
    return replace(config, held=held), draw(st.lists(events(config.intervals), min_size=2, max_size=9))


def happen(rig: GroupRig, event: Happening) -> None:
    match event:
        case Batch():
            rig.publish(*event.records())
        case Listed():
            rig.entries.append(listing_of(event))
        case Killed(effect):
            rig.run_with_crash_at(effect)


def assert_as_in_bulk(rig: GroupRig, listings: dict[Series, int]) -> None:
    for series in rig.store.candles:
        wanted = rows_of(in_bulk(rig.config, rig.store, series, listings.get(series)))
        assert rig.store.rows.get(series, {}) == wanted, series


@given(histories())
def test_whatever_was_interrupted_ends_as_if_it_had_not_been(history: tuple[ConsumerConfig, list[Happening]]) -> None:
    """Enriched values are bit-identical, every candle is stored at its newest revision, and nothing is lost."""
    config, happened = history
    rig = GroupRig(config)
    for event in happened:
        happen(rig, event)
    consumer = rig.run()
    assert consumer.snapshot().waiting is None
    assert rig.log.behind == 0
    listings = dict(consumer._book.listings)
    assert_as_in_bulk(rig, listings)
    there = {(s, t): each.record.revision for s, kept in rig.store.candles.items() for t, each in kept.items()}
    refused = {(each.symbol, each.interval, each.open_time) for each in rig.letters.values()}
    published = newest(replace(event, killed=False) for event in happened if isinstance(event, Batch))
    lacking = {key for key, revision in published.items() if there.get(key) != revision}
    assert {(series.symbol, series.interval, at) for series, at in lacking} <= refused
    assert there.keys() <= published.keys()
