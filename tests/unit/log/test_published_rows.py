"""Rows in the order of publication, as the audit asks for them: each open time at its newest revision."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.stream.audit import COMPARED
from cryptostream.log.published_rows import PublishedRows
from tests.support.stored import BTC_1M, MINUTE, T0, candle

published = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=200)
PAST = T0 + 1000 * MINUTE


def rows_of(places: list[tuple[int, int]]) -> PublishedRows:
    rows = PublishedRows()
    for place, revision in places:
        rows.add(candle(BTC_1M, T0 + place * MINUTE, revision=revision, close=f"{place}.{revision}").record)
    return rows


@given(published, st.integers(0, 31), st.integers(0, 31), st.integers(0, 31))
def test_a_table_has_each_open_time_once_at_its_newest_revision(
    places: list[tuple[int, int]], first: int, end: int, dropped: int
) -> None:
    rows = rows_of(places)
    rows.drop(T0 + dropped * MINUTE)
    found = rows.table(T0 + first * MINUTE, T0 + end * MINUTE)
    newest = {place: max(revision for at, revision in places if at == place) for place, _ in places}
    expected = [(place, newest[place]) for place in sorted(newest) if max(first, dropped) <= place < end]
    pair = (found.open_time, found.revision)
    assert [((at - T0) // MINUTE, revision) for at, revision in zip(*pair, strict=True)] == expected
    assert found.close.tolist() == [float(f"{place}.{revision}") for place, revision in expected]


def test_all_that_an_audit_compares_is_there_and_what_is_absent_is_absent() -> None:
    rows, stated = PublishedRows(), candle(BTC_1M, T0).record
    rows.add(stated)
    rows.add(candle(BTC_1M, T0 + MINUTE, quote_volume=None, trades=None).record)
    found = rows.table(T0, PAST)
    assert {name: getattr(found, name)[0] for name in COMPARED} == {
        name: float(getattr(stated, name)) for name in COMPARED
    }
    assert np.isnan(found.quote_volume[1])
    assert (found.trades[1], found.first_trade_id.tolist(), len(rows)) == (-1, [-1, -1], 2)


def test_no_rows_are_an_empty_table() -> None:
    assert len(PublishedRows().table(T0, PAST)) == 0


def test_what_is_dropped_frees_its_memory() -> None:
    rows = rows_of([(place, 0) for place in range(2000)])
    rows.drop(PAST)
    rows.drop(PAST + 990 * MINUTE)
    assert len(rows) == 10
    assert len(rows._rows) < 100
