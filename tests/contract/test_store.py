"""What every candle store does, whoever implements it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import CandleStore, DirtyRange, StoreBatch
from cryptostream.core.result import Ok
from tests.support.stored import BTC_1M, MINUTE, T0, candle, candles, done, rows

ETH_1M = Series("ETHUSDC", "1m")
BTC_1H = Series("BTCUSDC", "1h")
OPENS = [T0 + place * MINUTE for place in range(5)]
FAR = T0 + 1000 * MINUTE


@pytest.fixture
def atomic(store: CandleStore) -> CandleStore:
    """A store that guards revisions and keeps dirty ranges; of others their caller does both."""
    if not store.atomic:
        pytest.skip("this store has no transactions: its caller judges revisions and keeps dirty ranges")
    return store


def assert_same(found: CandleTable, expected: CandleTable) -> None:
    for field in fields(CandleTable):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name), field.name)


def test_candles_come_back_as_written(store: CandleStore) -> None:
    written = candles(BTC_1M, OPENS)
    assert store.write(StoreBatch(raw=written)) == Ok(None)
    assert_same(done(store.raw(BTC_1M, T0, FAR)), table_of(written))


def test_candles_ascend_however_they_were_written(store: CandleStore) -> None:
    for place in (3, 0, 4, 1, 2):
        done(store.write(StoreBatch(raw=candles(BTC_1M, [OPENS[place]]))))
    assert done(store.raw(BTC_1M, T0, FAR)).open_time.tolist() == OPENS


def test_what_the_source_did_not_state_is_absent(store: CandleStore) -> None:
    bare = candle(
        BTC_1M,
        T0,
        quote_volume=None,
        trades=None,
        taker_buy_volume=None,
        taker_buy_quote_volume=None,
        first_trade_id=None,
        last_trade_id=None,
    )
    done(store.write(StoreBatch(raw=(bare,))))
    assert_same(done(store.raw(BTC_1M, T0, FAR)), table_of((bare,)))


def test_zero_is_a_value(store: CandleStore) -> None:
    quiet = candle(BTC_1M, T0, volume="0.00000000", quote_volume="0", trades=0)
    done(store.write(StoreBatch(raw=(quiet,))))
    found = done(store.raw(BTC_1M, T0, FAR))
    assert (found.volume[0], found.quote_volume[0], found.trades[0]) == (0.0, 0.0, 0)


def test_a_range_takes_its_start_and_leaves_its_end(store: CandleStore) -> None:
    done(store.write(StoreBatch(raw=candles(BTC_1M, OPENS))))
    assert done(store.raw(BTC_1M, OPENS[1], OPENS[3])).open_time.tolist() == OPENS[1:3]


def test_series_are_kept_apart(store: CandleStore) -> None:
    hour = T0 // 3_600_000 * 3_600_000
    batch = (*candles(BTC_1M, OPENS), *candles(ETH_1M, OPENS[:2]), *candles(BTC_1H, [hour]))
    done(store.write(StoreBatch(raw=batch)))
    assert done(store.raw(ETH_1M, 0, FAR)).open_time.tolist() == OPENS[:2]
    assert done(store.raw(BTC_1H, 0, FAR)).open_time.tolist() == [hour]


def test_an_unknown_series_is_empty(store: CandleStore) -> None:
    assert len(done(store.raw(ETH_1M, 0, FAR))) == 0
    assert len(done(store.enriched(ETH_1M, 0, FAR))) == 0
    assert done(store.bounds(ETH_1M)) is None


def test_bounds_are_the_first_and_last_open_time(store: CandleStore) -> None:
    done(store.write(StoreBatch(raw=candles(BTC_1M, reversed(OPENS)))))
    assert done(store.bounds(BTC_1M)) == (OPENS[0], OPENS[-1])


def test_the_same_candle_again_is_stored_once(store: CandleStore) -> None:
    for _ in range(3):
        done(store.write(StoreBatch(raw=candles(BTC_1M, OPENS))))
    assert done(store.raw(BTC_1M, 0, FAR)).open_time.tolist() == OPENS


def test_a_newer_revision_replaces_an_older_one(store: CandleStore) -> None:
    done(store.write(StoreBatch(raw=candles(BTC_1M, OPENS))))
    done(store.write(StoreBatch(raw=(candle(BTC_1M, OPENS[1], revision=1, close="123.5", trades=None),))))
    found = done(store.raw(BTC_1M, 0, FAR))
    assert found.revision.tolist() == [0, 1, 0, 0, 0]
    assert (found.close[1], found.trades[1]) == (123.5, -1)


def test_an_older_revision_never_replaces_a_newer_one(atomic: CandleStore) -> None:
    store = atomic
    newer = candle(BTC_1M, T0, revision=2, close="123.5")
    for late in (newer, candle(BTC_1M, T0, revision=1), candle(BTC_1M, T0)):
        done(store.write(StoreBatch(raw=(late,))))
    assert_same(done(store.raw(BTC_1M, 0, FAR)), table_of((newer,)))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_revisions_in_a_batch_the_newer_stands(store: CandleStore, order: tuple[int, int]) -> None:
    both = (candle(BTC_1M, T0), candle(BTC_1M, T0, revision=1, close="123.5"))
    done(store.write(StoreBatch(raw=tuple(both[place] for place in order))))
    assert_same(done(store.raw(BTC_1M, 0, FAR)), table_of(both[1:]))


def test_enriched_rows_come_back_bit_for_bit(store: CandleStore) -> None:
    values = {"sma": [0.1 + 0.2, 1e-300, -0.0, 1 / 3, 1.7976931348623157e308], "mean_oc": [1.0, 2.0, 3.0, 4.0, 5.0]}
    written = rows(BTC_1M, OPENS, values)
    written = replace(written, warm=np.array([False, False, True, True, True]), gap_in_window=~written.warm)
    done(store.write(StoreBatch(raw=candles(BTC_1M, OPENS), enriched=(written,))))
    found = done(store.enriched(BTC_1M, T0, FAR))
    for name in ("open_time", "revision", "warm", "gap_in_window", "hour", "weekday"):
        np.testing.assert_array_equal(getattr(found, name), getattr(written, name), name)
    for name, column in values.items():
        assert found.values[name].tobytes() == np.array(column).tobytes()


def test_an_undefined_value_replaces_a_defined_one(store: CandleStore) -> None:
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, OPENS[:1], {"sma": [1.5], "mean_oc": [2.5]}),))))
    done(store.write(StoreBatch(replaced=(rows(BTC_1M, OPENS[:1], {"sma": [float("nan")], "mean_oc": [2.5]}),))))
    found = done(store.enriched(BTC_1M, 0, FAR))
    assert np.isnan(found.values["sma"]).tolist() == [True]
    assert found.values["mean_oc"].tolist() == [2.5]


def test_rows_may_lack_values_that_others_have(store: CandleStore) -> None:
    batch = (rows(BTC_1M, OPENS[:1], {"sma": [1.5]}), rows(ETH_1M, OPENS[:1], {"mean_oc": [2.5]}))
    done(store.write(StoreBatch(enriched=batch)))
    assert done(store.enriched(BTC_1M, 0, FAR)).values["sma"].tolist() == [1.5]
    assert np.isnan(done(store.enriched(ETH_1M, 0, FAR)).values["sma"]).all()


def test_a_row_of_an_older_revision_never_replaces_a_newer_one(atomic: CandleStore) -> None:
    store = atomic
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, OPENS[:1], {"sma": [2.0]}, revision=1),))))
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, OPENS[:1], {"sma": [1.0]}, revision=0),))))
    assert done(store.enriched(BTC_1M, 0, FAR)).values["sma"].tolist() == [2.0]


def test_a_row_of_the_same_revision_computed_again_stands(store: CandleStore) -> None:
    for value in (1.0, 2.0):
        done(store.write(StoreBatch(enriched=(rows(BTC_1M, OPENS[:1], {"sma": [value]}),))))
    assert done(store.enriched(BTC_1M, 0, FAR)).values["sma"].tolist() == [2.0]


def test_dirty_ranges_stay_until_they_are_resolved(atomic: CandleStore) -> None:
    store = atomic
    first, second = DirtyRange(BTC_1M, OPENS[0], OPENS[1]), DirtyRange(ETH_1M, OPENS[0], OPENS[4])
    done(store.write(StoreBatch(add_dirty=(second, first))))
    done(store.write(StoreBatch(add_dirty=(first,))))
    assert done(store.dirty()) == (first, second)
    done(store.write(StoreBatch(resolve_dirty=(first,))))
    assert done(store.dirty()) == (second,)


def test_what_is_left_of_a_resolved_range_is_added_by_the_same_batch(atomic: CandleStore) -> None:
    store = atomic
    whole, rest = DirtyRange(BTC_1M, OPENS[0], OPENS[4]), DirtyRange(BTC_1M, OPENS[3], OPENS[4])
    done(store.write(StoreBatch(add_dirty=(whole,))))
    done(store.write(StoreBatch(resolve_dirty=(whole,), add_dirty=(rest,))))
    assert done(store.dirty()) == (rest,)


def test_an_empty_batch_changes_nothing(store: CandleStore) -> None:
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, [], {"sma": []}),))))
    assert done(store.bounds(BTC_1M)) is None
