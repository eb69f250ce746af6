"""What was published of one series lately, in the order of publication: the figures that an audit compares. No I/O."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.candle import CandleRecord, CandleTable
from cryptostream.core.market.interval import Millis

FIGURES: Final = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)
_ROW: Final = np.dtype(
    [
        ("open_time", np.int64),
        ("revision", np.int64),
        ("close_time", np.int64),
        ("trades", np.int64),
        *((name, np.float64) for name in FIGURES),
    ]
)
ROW_BYTES: Final = _ROW.itemsize
_SMALLEST: Final = 64


class PublishedRows:
    """Rows that are only added at the end and dropped by open time. About a hundred bytes each."""

    def __init__(self) -> None:
        self._rows: NDArray[np.void] = np.empty(_SMALLEST, _ROW)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: CandleRecord) -> None:
        """Add a record.

        Raises
        ------
        ValueError
            A figure is no decimal.
        """
        figures = (getattr(record, name) for name in FIGURES)
        row = (
            record.open_time,
            record.revision,
            record.close_time,
            -1 if record.trades is None else record.trades,
            *(np.nan if figure is None else float(figure) for figure in figures),
        )
        if self._count == len(self._rows):
            self._rows = np.concatenate((self._rows, np.empty(self._count, _ROW)))
        self._rows[self._count] = row
        self._count += 1

    def drop(self, before: Millis) -> None:
        """Forget open times before this."""
        rows = self._rows[: self._count]
        kept = rows[rows["open_time"] >= before]
        self._count = len(kept)
        self._rows = np.concatenate((kept, np.empty(max(_SMALLEST, len(kept) // 4), _ROW)))

    def table(self, start: Millis, end: Millis) -> CandleTable:
        """Open times in [start, end), each at its newest revision. Trade ids are not kept."""
        rows = self._rows[: self._count]
        rows = rows[(rows["open_time"] >= start) & (rows["open_time"] < end)]
        rows = rows[np.lexsort((rows["revision"], rows["open_time"]))]
        last = np.append(rows["open_time"][1:] != rows["open_time"][:-1], True)[: len(rows)]
        rows = rows[last]
        absent = np.full(len(rows), -1)
        return CandleTable(
            open_time=rows["open_time"].copy(),
            **{name: rows[name].copy() for name in FIGURES},
            trades=rows["trades"].copy(),
            close_time=rows["close_time"].copy(),
            first_trade_id=absent,
            last_trade_id=absent,
            revision=rows["revision"].copy(),
        )
