"""The functions that TA-Lib lacks, each over the last `timeperiod` candles. Pure.

Like a call of TA-Lib, a kernel takes the input columns of a call (length m, no NaN) and gives one column
per output, aligned to the end: the last `wanted` values count, the first ones are NaN where candles are
missing. Every value is computed from its own candles alone, as a row of a contiguous matrix that is
reduced row by row, so its bits do not depend on how many values are computed with it.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cryptostream.core.market.candle import Floats


def vwap(quote_volume: Floats, volume: Floats, *, wanted: int, timeperiod: int) -> Floats:
    """Volume-weighted average price: sum of quote volume ÷ sum of volume; NaN where nothing was traded."""
    traded = _windows(volume, wanted, timeperiod).sum(axis=1)
    paid = _windows(quote_volume, wanted, timeperiod).sum(axis=1)
    return _aligned(_ratio(paid, traded), wanted)


def realised_volatility(price: Floats, *, wanted: int, timeperiod: int) -> Floats:
    """Sample standard deviation of the last `timeperiod` log returns, per candle (not annualised)."""
    used = price[-(wanted + timeperiod) :]
    returns = np.log(np.ascontiguousarray(_ratio(used[1:], used[:-1])))
    windows = _windows(returns, wanted, timeperiod)
    squares = np.square(windows - windows.mean(axis=1, keepdims=True)).sum(axis=1)
    return _aligned(np.sqrt(squares / (timeperiod - 1)), wanted)


def zscore(price: Floats, *, wanted: int, timeperiod: int) -> Floats:
    """(price - mean) ÷ population standard deviation; NaN where the price did not move."""
    windows = _windows(price, wanted, timeperiod)
    apart = windows - windows.mean(axis=1, keepdims=True)
    moved = windows.min(axis=1) < windows.max(axis=1)
    deviation = np.where(moved, np.sqrt(np.square(apart).mean(axis=1)), 0.0)
    return _aligned(_ratio(apart[:, -1], deviation), wanted)


def _windows(column: Floats, wanted: int, length: int) -> NDArray[np.float64]:
    """The last `wanted` windows of `length` values (fewer if the column is short), as rows."""
    used = column[-(wanted + length - 1) :]
    if len(used) < length:
        return np.empty((0, length))
    return np.ascontiguousarray(sliding_window_view(used, length))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Quotients, NaN where the denominator is not positive."""
    undefined = np.full(len(denominator), np.nan)
    quotients: Floats = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return quotients


def _aligned(values: Floats, wanted: int) -> Floats:
    """`values` at the end of a column of `wanted`, NaN before them."""
    return np.concatenate((np.full(wanted - len(values), np.nan), values))
