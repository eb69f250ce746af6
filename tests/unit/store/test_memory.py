"""Many small writes, as a run makes them for hours: none of them leaves memory behind."""

import ctypes
import gc
from pathlib import Path

import pytest

from cryptostream.core.ports import StoreBatch
from cryptostream.store.duckdb_store import DuckDbStore
from tests.contract.providers import SYMBOLS
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done, rows

FIELDS = tuple(f"field{number}" for number in range(14))
OPENS = [T0 + place * MINUTE for place in range(5)]
BATCH = StoreBatch(
    raw=candles(BTC_1M, OPENS), enriched=(rows(BTC_1M, OPENS, dict.fromkeys(FIELDS, [1.0] * len(OPENS))),)
)


class _MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of mallinfo(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "in_use",
            "fordblks",
            "keepcost",
        ]
    ]


def in_use() -> int:
    """Bytes that this process has from glibc's malloc."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("only glibc 2.33 and newer tells how much is in use")
    library.mallinfo2.restype = _MallocInfo
    gc.collect()
    return int(library.mallinfo2().in_use)


def test_small_writes_leave_no_memory_behind(tmp_path: Path) -> None:
    opened = DuckDbStore.open(tmp_path, stream="market.majors", symbols=SYMBOLS, simulated=False, fields=FIELDS)
    store = done(opened)
    for _ in range(520):
        done(store.write(BATCH))
    before = in_use()
    for _ in range(1024):
        done(store.write(BATCH))
    grown = in_use() - before
    store.close()
    assert grown < 1_500_000, f"{grown} bytes after 1024 writes"
