"""What every log does, whoever implements it."""

from collections.abc import Sequence

from cryptostream.core.ports import LogReader, LogRecord, NewRecord
from cryptostream.core.result import Ok
from tests.contract.providers import NOW, Log

TOPIC = "market.majors.prices-1m"
PATIENCE = 5.0


def new(key: str, value: int, topic: str = TOPIC) -> NewRecord:
    return NewRecord(topic, key.encode(), str(value).encode(), (("lane", b"live"),))


def poll(reader: LogReader, limit: int = 100, timeout: float = PATIENCE) -> tuple[LogRecord, ...]:
    polled = reader.poll(limit, timeout)
    assert isinstance(polled, Ok), polled
    return polled.value


def publish(log: Log, *records: NewRecord) -> None:
    assert log.publish(records) == Ok(None)


def poll_all(reader: LogReader, count: int) -> list[LogRecord]:
    read: list[LogRecord] = []
    while len(read) < count:
        polled = poll(reader)
        assert polled, f"{len(read)} of {count} records, and no more"
        read += polled
    return read


def values(records: Sequence[LogRecord], key: str) -> list[int]:
    return [int(record.value) for record in records if record.key == key.encode()]


def test_records_come_as_published_with_the_time_of_publication(log: Log) -> None:
    publish(log, new("BTCUSDC", 1))
    record = poll(log.reader([TOPIC]))[0]
    assert (record.topic, record.key, record.value) == (TOPIC, b"BTCUSDC", b"1")
    assert (tuple(record.headers), record.timestamp) == ((("lane", b"live"),), NOW)


def test_records_of_a_key_stay_in_order(log: Log) -> None:
    keys = ("BTCUSDC", "ETHUSDC", "XRPUSDC", "SOLUSDC")
    publish(log, *(new(key, value) for value in range(5) for key in keys))
    publish(log, *(new(key, value) for value in range(5, 10) for key in keys))
    read = poll_all(log.reader([TOPIC]), 40)
    assert all(values(read, key) == list(range(10)) for key in keys)


def test_offsets_of_a_partition_ascend(log: Log) -> None:
    publish(log, *(new("BTCUSDC", value) for value in range(5)))
    offsets = [record.offset for record in poll_all(log.reader([TOPIC]), 5)]
    assert offsets == sorted(set(offsets))


def test_a_key_has_one_partition_in_all_topics(log: Log) -> None:
    other = "market.majors.prices-1h"
    publish(log, new("BTCUSDC", 1), new("BTCUSDC", 2, other), new("BTCUSDC", 3))
    read = poll_all(log.reader([TOPIC, other]), 3)
    assert len({record.partition for record in read}) == 1


def test_a_reader_sees_its_topics_only(log: Log) -> None:
    publish(log, new("BTCUSDC", 1), new("BTCUSDC", 2, "market.majors.alerts"))
    reader = log.reader([TOPIC])
    assert values(poll(reader), "BTCUSDC") == [1]
    assert poll(reader, timeout=0.01) == ()


def test_a_poll_gives_at_most_its_limit(log: Log) -> None:
    publish(log, *(new("BTCUSDC", value) for value in range(5)))
    reader = log.reader([TOPIC])
    assert values(poll(reader, limit=2), "BTCUSDC") == [0, 1]
    assert values(poll(reader, limit=10), "BTCUSDC") == [2, 3, 4]


def test_nothing_to_read_is_no_error(log: Log) -> None:
    assert poll(log.reader([TOPIC]), timeout=0.01) == ()


def test_what_was_not_committed_is_given_again_to_a_new_reader(log: Log) -> None:
    publish(log, *(new("BTCUSDC", value) for value in range(6)))
    reader = log.reader([TOPIC])
    first = poll(reader, limit=2)
    poll(reader, limit=2)
    assert reader.commit(first) == Ok(None)
    assert values(poll_all(log.reader([TOPIC]), 4), "BTCUSDC") == [2, 3, 4, 5]


def test_a_commit_covers_what_came_before_on_its_partition(log: Log) -> None:
    publish(log, *(new("BTCUSDC", value) for value in range(4)))
    reader = log.reader([TOPIC])
    read = poll_all(reader, 4)
    assert reader.commit(read[2:3]) == Ok(None)
    assert values(poll_all(log.reader([TOPIC]), 1), "BTCUSDC") == [3]


def test_a_commit_says_nothing_of_other_partitions(log: Log) -> None:
    keys = ("BTCUSDC", "ETHUSDC", "XRPUSDC", "SOLUSDC", "ADAUSDC", "DOTUSDC")
    publish(log, *(new(key, 1) for key in keys))
    reader = log.reader([TOPIC])
    read = poll_all(reader, len(keys))
    committed = read[0].partition
    assert reader.commit([record for record in read if record.partition == committed]) == Ok(None)
    left = [record for record in read if record.partition != committed]
    assert left
    assert {record.key for record in poll_all(log.reader([TOPIC]), len(left))} == {record.key for record in left}


def test_publishing_and_committing_nothing_changes_nothing(log: Log) -> None:
    publish(log)
    reader = log.reader([TOPIC])
    assert reader.commit(()) == Ok(None)
    assert poll(reader, timeout=0.01) == ()
