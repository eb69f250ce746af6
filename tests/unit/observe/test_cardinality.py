"""Time series of metrics: their number is bounded by what a resource names."""

import pytest

from cryptostream.observe.catalogue import SERIES
from tests.support.metric_series import Telling, amiss, for_each_series, lines, published, stored
from tests.support.write_metrics_reference import FIXED, INTERVALS, SYMBOLS, of_streams

MOST = 22


@pytest.mark.parametrize("tell", [published, stored])
def test_2000_symbols_make_as_many_time_series_as_the_page_says(tell: Telling) -> None:
    """Cardinality bounded, tested at 2,000 symbols."""
    depends = SYMBOLS * (len(INTERVALS) * for_each_series(tell) + 1)
    assert depends < lines(tell, SYMBOLS, INTERVALS) < depends + FIXED


def test_a_series_to_which_everything_happens_is_bounded_too() -> None:
    assert for_each_series(amiss) == MOST
    depends = 100 * (len(INTERVALS) * MOST + 1)
    assert depends < lines(amiss, 100, INTERVALS) < depends + FIXED


def test_only_metrics_of_series_have_symbols_and_no_histogram_does() -> None:
    """Each bucket of a histogram is a time series."""
    for each in of_streams():
        assert each.kind != "histogram" or not set(SERIES) <= set(each.labels)
        assert "symbol" not in each.labels or set(SERIES) <= set(each.labels) or each.name == "market_trading"
