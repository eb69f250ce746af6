import struct
from itertools import pairwise

from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cryptostream.core.ports import LogRecord
from cryptostream.log.kafka_records import ends, record_of
from cryptostream.log.kafka_session import follows


def session(generation: int, member: str = "m-1", group: str = "g") -> bytes:
    return b"CGMDv2:" + struct.pack("=i", generation) + f"{group}\0{member}\0\1".encode()


def test_a_message_becomes_a_record() -> None:
    message = Message("t", 3, 7, b"k", b"v", [("lane", b"live"), ("none", None)], None, (1, 99))
    assert _whole(record_of(message)) == LogRecord("t", 3, 7, b"k", b"v", (("lane", b"live"), ("none", b"")), 99)


def test_what_a_message_lacks_is_empty() -> None:
    record = _whole(record_of(Message("t", 0, 0, None, None, None, None, (0, 0))))
    assert record == LogRecord("t", 0, 0, b"", b"", (), 0)


def _whole(record: LogRecord) -> LogRecord:
    return replace(record, headers=tuple(record.headers))


def test_ends_are_after_the_last_record_of_each_partition() -> None:
    records = [LogRecord("t", n % 2, n, b"", b"", (), 0) for n in range(5)]
    assert ends(records) == {("t", 0): 5, ("t", 1): 4}
    assert ends([]) == {}


@given(st.integers(0, 2**31 - 2))
def test_a_generation_follows_the_one_before(number: int) -> None:
    assert follows(session(number), session(number + 1))


def test_nothing_else_follows() -> None:
    later = [session(4), session(6), session(5, "m-2"), session(5, group="h"), session(-1), b"", b"CGMDv3:????g\0m\0\1"]
    assert not any(follows(session(4), each) for each in later)
    assert not follows(session(-1), session(0))
    assert not any(follows(a, b) for a, b in pairwise([b"", b"CGMDv2:", b"CGMDv2:\0\0"]))
