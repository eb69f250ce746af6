"""A program that writes batches into a store and says which ones were acknowledged, until it is killed.

Batch n holds ten candles with their rows, and replaces the dirty range n - 1 by the dirty range n.
"""

import sys
from itertools import count
from pathlib import Path

from cryptostream.core.ports import DirtyRange, StoreBatch
from cryptostream.store.duckdb_store import DuckDbStore
from tests.contract.providers import SYMBOLS
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done, rows

SIZE = 10


def opens_of(number: int) -> list[int]:
    return [T0 + (number * SIZE + place) * MINUTE for place in range(SIZE)]


def dirty_of(number: int) -> DirtyRange:
    return DirtyRange(BTC_1M, opens_of(number)[0], opens_of(number)[-1])


def batch_of(number: int) -> StoreBatch:
    opens = opens_of(number)
    enriched = rows(BTC_1M, opens, {"sma": [float(each) for each in opens]})
    resolved = (dirty_of(number - 1),) if number else ()
    return StoreBatch(
        raw=candles(BTC_1M, opens), enriched=(enriched,), add_dirty=(dirty_of(number),), resolve_dirty=resolved
    )


def opened(directory: Path) -> DuckDbStore:
    return done(DuckDbStore.open(directory, stream="market.majors", symbols=SYMBOLS, simulated=False, fields=("sma",)))


def main(directory: str, first: str) -> None:
    store = opened(Path(directory))
    for number in count(int(first)):
        done(store.write(batch_of(number)))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
