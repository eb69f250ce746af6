"""What a store has acknowledged outlives the process; what it cannot keep is an error value."""

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import StoreBatch
from cryptostream.core.result import Err
from tests.support.crashing_writer import SIZE, batch_of, dirty_of, opened, opens_of
from tests.support.data import ROOT
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done

FAR = T0 + 10**12
GAP = Gap(series=BTC_1M, start=T0, end=T0, candles=1, cause="pending", state="open", detected_at=T0)


def killed_after(directory: Path, first: int, writes: int) -> int:
    """Kill the writer somewhere in its next write once it acknowledged `writes`; the last one acknowledged."""
    command = [sys.executable, "-m", "tests.support.crashing_writer", str(directory), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        for _ in range(writes):
            assert writer.stdout.readline()
        writer.kill()
        rest = writer.stdout.read().split()
    return int(rest[-1]) if rest else first + writes - 1


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there_after_kill_9(tmp_path: Path) -> None:
    """Killed with -9 at any moment, 8 times in a row (30 [soak]): `verify` finds nothing lost and nothing twice."""
    first = 0
    for kill in range(8):
        acknowledged = killed_after(tmp_path, first, writes=3 + kill)
        store = opened(tmp_path)
        stored = done(store.raw(BTC_1M, 0, FAR)).open_time.tolist()
        enriched = done(store.enriched(BTC_1M, 0, FAR))
        dirty = done(store.dirty())
        store.close()
        batches = len(stored) // SIZE
        assert acknowledged + 1 <= batches <= acknowledged + 2
        assert stored == [open_time for number in range(batches) for open_time in opens_of(number)]
        assert enriched.open_time.tolist() == enriched.values["sma"].tolist() == stored
        assert dirty == (dirty_of(batches - 1),)
        first = batches


def test_ledger_and_store_are_written_at_the_same_time(tmp_path: Path) -> None:
    store, faults = opened(tmp_path), list[object]()

    def produce() -> None:
        for number in range(50):
            faults.append(store.ledger.record([replace(GAP, start=T0 + number * MINUTE)]))
            faults.append(store.ledger.missing(BTC_1M, T0, T0 + 50 * MINUTE))

    producer = threading.Thread(target=produce)
    producer.start()
    for number in range(50):
        done(store.write(StoreBatch(raw=candles(BTC_1M, [T0 + number * MINUTE]))))
    producer.join()
    assert [fault for fault in faults if isinstance(fault, Err)] == []
    assert len(done(store.ledger.gaps())) == 50
    assert len(done(store.raw(BTC_1M, 0, FAR))) == 50
    store.close()


def test_a_full_disk_is_an_error_value_until_there_is_room_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    done(store.write(batch_of(0)))
    many = [replace(GAP, start=T0 + number * MINUTE, evidence="rest" * 100) for number in range(200)]
    with files_no_larger_than(max(file.stat().st_size for file in tmp_path.iterdir())):
        refused = (store.write(batch_of(1)), store.ledger.record(many))
    written, recorded = refused
    assert isinstance(written, Err)
    assert "File too large" in written.error.detail
    assert written.error.retryable
    assert isinstance(recorded, Err)
    assert not recorded.error.fatal
    assert done(store.raw(BTC_1M, 0, FAR)).open_time.tolist() == opens_of(0)
    done(store.write(batch_of(1)))
    store.close()
    store = opened(tmp_path)
    assert done(store.raw(BTC_1M, 0, FAR)).open_time.tolist() == [*opens_of(0), *opens_of(1)]
    assert done(store.ledger.gaps()) == ()
    store.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("call", ["write", "raw", "bounds", "dirty"])
def test_a_closed_store_answers_with_an_error(tmp_path: Path, call: str) -> None:
    store = opened(tmp_path)
    store.close()
    answers = {
        "write": lambda: store.write(StoreBatch(raw=candles(BTC_1M, [T0]))),
        "raw": lambda: store.raw(BTC_1M, 0, 1),
        "bounds": lambda: store.bounds(BTC_1M),
        "dirty": store.dirty,
    }
    assert isinstance(answers[call](), Err)
