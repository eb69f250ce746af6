"""Which partition a key belongs to, as the other Kafka clients decide it. Pure.

murmur2 with Kafka's seed; its sign bit is cleared before the remainder is taken (`Utils.murmur2` and
`Utils.toPositive` of the Java client, `murmur2_random` of librdkafka for a key that is not null).
"""

from functools import lru_cache

_MASK = 0xFFFF_FFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995


@lru_cache(maxsize=16_384)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition, from 0 to `partitions` - 1, of records with this key."""
    return (murmur2(key) & 0x7FFF_FFFF) % partitions


def murmur2(data: bytes) -> int:
    """The 32-bit hash of `data`, unsigned."""
    whole = len(data) // 4 * 4
    value = _SEED ^ len(data)
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        value = value * _MULTIPLIER & _MASK ^ word
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> 13) * _MULTIPLIER & _MASK
    return value ^ value >> 15
