import threading
from collections.abc import Callable
from functools import partial
from itertools import groupby

import pytest

from cryptostream.clock import ManualClock
from cryptostream.core.ports import LogRecord, NewRecord
from cryptostream.core.result import Err, Ok
from cryptostream.log.embedded import CLOSED, TAKEN_OVER, EmbeddedLog

PATIENCE = 10.0


def made(capacity: int = 10, partitions: int = 3) -> EmbeddedLog:
    return EmbeddedLog(ManualClock(0), partitions, capacity)


def new(value: int, key: str = "BTCUSDC", topic: str = "t") -> NewRecord:
    return NewRecord(topic, key.encode(), str(value).encode())


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def finished(thread: threading.Thread) -> bool:
    thread.join(PATIENCE)
    return not thread.is_alive()


def waits(thread: threading.Thread) -> bool:
    thread.join(0.1)
    return thread.is_alive()


def test_a_full_log_holds_its_writer_until_a_commit_makes_room() -> None:
    log = made(capacity=3)
    log.publish([new(value) for value in range(3)])
    reader = log.reader(["t"])
    read = reader.poll(2, PATIENCE)
    writer = started(lambda: log.publish([new(3), new(4)]))
    assert waits(writer)
    assert isinstance(read, Ok)
    reader.commit(read.value[:1])
    assert waits(writer)  # one place is free, two are needed: all or nothing
    assert log.backlog() == {"t": 2}
    reader.commit(read.value[1:])
    assert finished(writer)
    assert log.backlog() == {"t": 3}


def test_reading_alone_makes_no_room() -> None:
    log = made(capacity=1)
    log.publish([new(1)])
    log.reader(["t"]).poll(1, PATIENCE)
    writer = started(lambda: log.publish([new(2)]))
    assert waits(writer)
    log.close()
    assert finished(writer)


def test_a_batch_above_the_capacity_waits_for_an_empty_log() -> None:
    log = made(capacity=3)
    log.publish([new(0)])
    writer = started(lambda: log.publish([new(value) for value in range(1, 6)]))
    reader = log.reader(["t"])
    first = reader.poll(100, PATIENCE)
    assert isinstance(first, Ok)
    assert [record.value for record in first.value] == [b"0"]
    reader.commit(first.value)
    assert finished(writer)
    assert log.backlog() == {"t": 5}


def test_a_small_batch_does_not_overtake_a_large_one_that_waits() -> None:
    log = made(capacity=4)
    log.publish([new(value) for value in range(3)])
    large = started(lambda: log.publish([new(value) for value in range(10, 14)]))
    while not log._turn.locked():
        pass
    small = started(lambda: log.publish([new(20)]))
    reader = log.reader(["t"])
    read: list[int] = []
    while len(read) < 8:
        polled = reader.poll(1, PATIENCE)
        assert isinstance(polled, Ok)
        read += [int(record.value) for record in polled.value]
        reader.commit(polled.value)
    assert finished(large)
    assert finished(small)
    assert read == [0, 1, 2, 10, 11, 12, 13, 20]


@pytest.mark.parametrize("call", ["publish", "poll"])
def test_closing_wakes_whoever_waits(call: str) -> None:
    log, answers = made(capacity=1), list[object]()
    reader = log.reader(["u"])
    log.publish([new(1)])
    if call == "publish":
        waiting = started(lambda: answers.append(log.publish([new(2)])))
    else:
        waiting = started(lambda: answers.append(reader.poll(1, 1000)))
    log.close()
    assert finished(waiting)
    assert answers == [Err(CLOSED)]


def test_a_closed_log_refuses_every_call() -> None:
    log = made()
    reader = log.reader(["t"])
    log.publish([new(1)])
    log.close()
    answers = (log.publish([new(2)]), reader.poll(1, 0), reader.commit([]), log.reader(["t"]).poll(1, 0))
    assert set(answers) == {Err(CLOSED)}
    assert CLOSED.fatal


def test_a_reader_whose_topics_were_taken_over_is_told() -> None:
    log = made()
    earlier, answers = log.reader(["t", "u"]), list[object]()
    waiting = started(lambda: answers.append(earlier.poll(1, 1000)))
    log.reader(["u"])
    assert finished(waiting)
    assert answers == [Err(TAKEN_OVER)]
    assert earlier.commit([]) == Err(TAKEN_OVER)


def test_a_poll_shares_its_limit_among_partitions() -> None:
    log = made(capacity=1000, partitions=3)
    log.publish([new(value, "BTCUSDC") for value in range(500)])
    log.publish([new(value, key) for key in ("a", "b", "c", "d", "e", "f") for value in range(20)])
    reader = log.reader(["t"])
    polled = reader.poll(90, PATIENCE)
    assert isinstance(polled, Ok)
    counts = {number: len(list(each)) for number, each in groupby(polled.value, _partition)}
    assert len(counts) == 3
    assert min(counts.values()) >= 20
    assert sum(counts.values()) == 90


def test_no_partition_is_left_out_for_long_by_polls_smaller_than_their_number() -> None:
    log = made(capacity=1000, partitions=3)
    log.publish([new(value, key) for value in range(9) for key in ("a", "b", "c", "d", "e", "f")])
    reader, seen = log.reader(["t"]), list[int]()
    for _ in range(6):
        polled = reader.poll(1, PATIENCE)
        assert isinstance(polled, Ok)
        seen += map(_partition, polled.value)
    assert sorted(seen) == [0, 0, 1, 1, 2, 2]


def test_many_writers_and_one_reader_lose_and_repeat_nothing() -> None:
    log, writers, each = made(capacity=7), 4, 300

    def write(key: str) -> None:
        for start in range(0, each, 3):
            log.publish([new(value, key) for value in range(start, start + 3)])

    threads = [started(partial(write, f"key{number}")) for number in range(writers)]
    reader, read = log.reader(["t"]), dict[bytes, list[int]]()
    while sum(map(len, read.values())) < writers * each:
        polled = reader.poll(5, PATIENCE)
        assert isinstance(polled, Ok)
        assert polled.value
        for record in polled.value:
            read.setdefault(record.key, []).append(int(record.value))
        assert log.backlog()["t"] <= 7
        reader.commit(polled.value)
    assert all(map(finished, threads))
    assert list(read.values()) == [list(range(each))] * writers
    assert log.backlog() == {"t": 0}


def _partition(record: LogRecord) -> int:
    return record.partition
