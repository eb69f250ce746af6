"""The consumer's step on the embedded store: the same promises as on the model."""

from pathlib import Path

from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogRecord
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.consumer_world import EMA, SMA, STREAM, World, candle, in_bulk, published, small_config, symbols
from tests.support.model_store import rows_of
from tests.support.stored import done

BTC = Series("BTCUSDC", "1m")
BTC_5M = Series("BTCUSDC", "5m")
CONFIG = small_config(("1m", "5m"), (SMA, EMA, IndicatorSpec("slow", "SMA", (("timeperiod", 2),), with_interval="5m")))


def opened(directory: Path) -> DuckDbStore:
    fields = (*ALWAYS, *(name for indicator in CONFIG.indicators for name in indicator.fields))
    names = {symbol.name: symbol for symbol in symbols("BTCUSDC")}
    return done(DuckDbStore.open(directory, stream=STREAM, symbols=names, simulated=True, fields=fields))


def records(series: Series, first: int, end: int, revision: int = 0) -> list[LogRecord]:
    prices = [100 + (number * 37 + revision * 11) % 17 for number in range(first, end)]
    return [published(candle(series, n, p), revision=revision) for n, p in zip(range(first, end), prices, strict=True)]


def test_late_revised_and_repeated_candles_across_restarts_end_as_in_bulk(tmp_path: Path) -> None:
    store = opened(tmp_path)
    world = World(CONFIG, store)
    world.take(*records(BTC, 100, 160), *records(BTC_5M, 20, 30))
    world.take(*records(BTC, 0, 40))
    store.close()

    store = opened(tmp_path)
    world = World(CONFIG, store)
    assert done(store.dirty())
    world.take(*records(BTC, 150, 175), *records(BTC_5M, 0, 7))
    world.take(*records(BTC, 20, 25, revision=1), *records(BTC, 60, 70))
    world.take(*records(BTC, 110, 111, revision=2), killed=True)
    world.take(*records(BTC, 110, 111, revision=1))
    assert world.state.series[BTC].counts.duplicates == 0
    store.close()

    store = opened(tmp_path)
    world = World(CONFIG, store)
    world.settle()
    assert not done(store.dirty())
    for series, count in ((BTC, 125), (BTC_5M, 17)):
        wanted = rows_of(in_bulk(CONFIG, store, series, None))
        found = rows_of(done(store.enriched(series, 0, 2**62)))
        assert len(wanted) == count
        assert {t: {name: row[name] for name in wanted[t]} for t, row in found.items()} == wanted
    store.close()
