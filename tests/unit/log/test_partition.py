from collections import Counter

import pytest

from cryptostream.log.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),  # the examples of the Java client's UtilsTest
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_as_the_java_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


def test_the_sign_bit_does_not_count() -> None:
    assert partition_of(b"foobar", 1000) == (-790332482 & 0x7FFFFFFF) % 1000


def test_symbols_spread_over_all_partitions() -> None:
    used = Counter(partition_of(f"COIN{number}USDC".encode(), 6) for number in range(600))
    assert set(used) == set(range(6))
    assert min(used.values()) > 60
