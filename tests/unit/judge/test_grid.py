"""The judge's own grid and hash, against known values."""

from datetime import UTC, datetime

import pytest

from tests.judge import grid
from tests.judge.partition import partition_of


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("interval", "opened", "following"),
    [
        ("1s", at(2025, 1, 31, 13, 5, 9), at(2025, 1, 31, 13, 5, 10)),
        ("15m", at(2025, 1, 31, 13), at(2025, 1, 31, 13, 15)),
        ("4h", at(2025, 1, 31, 12), at(2025, 1, 31, 16)),
        ("1d", at(2025, 1, 31), at(2025, 2, 1)),
        ("1w", at(2025, 1, 27), at(2025, 2, 3)),
        ("1M", at(2025, 1, 1), at(2025, 2, 1)),
    ],
)
def test_open_times(interval: str, opened: int, following: int) -> None:
    assert grid.floor(interval, at(2025, 1, 31, 13, 5, 9)) == opened
    assert grid.following(interval, opened) == following
    assert grid.first_at_or_after(interval, opened + 1) == following
    assert list(grid.opens(interval, opened, following + 1)) == [opened, following]


def test_the_year_turns() -> None:
    assert grid.following("1M", at(2025, 12, 1)) == at(2026, 1, 1)


@pytest.mark.parametrize(
    ("key", "hashed"),
    # Known values of Apache Kafka's UtilsTest.testMurmur2.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_partition_is_that_of_the_java_client(key: bytes, hashed: int) -> None:
    assert partition_of(key, 1 << 30) == (hashed & 0x7FFFFFFF) % (1 << 30)
