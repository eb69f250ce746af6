"""Which partition a key belongs to: murmur2 as Apache Kafka's own clients compute it. Pure.

Written from the description of the hash, not from the product's file of the same purpose.
"""

import struct

M = 0x5BD1E995


def partition_of(key: bytes, partitions: int) -> int:
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(key: bytes) -> int:
    words = len(key) // 4
    state = 0x9747B28C ^ len(key)
    for (word,) in struct.iter_unpack("<I", key[: 4 * words]):
        state = _cut(state * M) ^ _mix(word)
    tail = key[4 * words :]
    if tail:
        state = _cut((state ^ int.from_bytes(tail, "little")) * M)
    state = _cut((state ^ (state >> 13)) * M)
    return state ^ (state >> 15)


def _mix(word: int) -> int:
    product = _cut(word * M)
    return _cut((product ^ (product >> 24)) * M)


def _cut(number: int) -> int:
    return number & 0xFFFFFFFF
