from pathlib import Path

import pytest

from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.local.recompute import mark_all, recompute_marked
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.consumer_world import (
    EMA,
    SMA,
    START,
    STREAM,
    World,
    candle,
    in_bulk,
    published,
    small_config,
    symbols,
)
from tests.support.model_store import rows_of
from tests.support.stored import done

BTC = Series("BTCUSDC", "1m")
FORMER = small_config(("1m",), (SMA,))
CHANGED = small_config(("1m",), (EMA,))


def opened(directory: Path, config: ConsumerConfig) -> DuckDbStore:
    fields = (*ALWAYS, *(name for indicator in config.indicators for name in indicator.fields))
    names = {symbol.name: symbol for symbol in symbols("BTCUSDC")}
    return done(DuckDbStore.open(directory, stream=STREAM, symbols=names, simulated=True, fields=fields))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store of a hundred candles, with rows of the former indicators."""
    store = opened(tmp_path, FORMER)
    World(FORMER, store).take(*[published(candle(BTC, number, 100 + number % 7)) for number in range(100)])
    store.close()
    return tmp_path


def assert_as_declared(store: DuckDbStore) -> None:
    wanted = rows_of(in_bulk(CHANGED, store, BTC, START))
    found = rows_of(done(store.enriched(BTC, 0, 2**62)))
    assert found == wanted
    assert any(row["ema"] is not None for row in found.values())


def test_a_changed_list_is_computed_for_the_past(filled: Path) -> None:
    store = opened(filled, CHANGED)
    told: list[tuple[int, int]] = []
    done(mark_all(store, CHANGED))
    assert done(recompute_marked(store, CHANGED, {BTC: START}, lambda *each: told.append(each))) == 100
    assert told == [(n, 100) for n in (*range(0, 100, 7), 100)]
    assert not done(store.dirty())
    assert_as_declared(store)
    store.close()


def test_what_was_interrupted_goes_on(filled: Path) -> None:
    def interrupt(at: int, _: int) -> None:
        if at >= 60:
            raise KeyboardInterrupt

    store = opened(filled, CHANGED)
    done(mark_all(store, CHANGED))
    with pytest.raises(KeyboardInterrupt):
        recompute_marked(store, CHANGED, {}, interrupt)
    store.close()

    store = opened(filled, CHANGED)
    assert done(recompute_marked(store, CHANGED, {BTC: START}, lambda *_: None)) < 100
    assert_as_declared(store)
    store.close()
