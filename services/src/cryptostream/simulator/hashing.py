"""Randomness as a function of its place: the same key and index give the same bits for ever. Pure.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), in
integers alone, so that no library version or processor changes what the market was.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15
_M1 = 0xBF58476D1CE4E5B9
_M2 = 0x94D049BB133111EB


def key_of(*words: object) -> int:
    """A 64-bit key from anything that prints the same each time."""
    return int.from_bytes(blake2b("/".join(map(str, words)).encode(), digest_size=8).digest(), "little")


def bits(key: int, index: int) -> int:
    """The 64 bits at `index` of the sequence of `key`."""
    z = (key + (index + 1) * _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * _M1) & _MASK
    z = ((z ^ (z >> 27)) * _M2) & _MASK
    return z ^ (z >> 31)


def many_bits(key: int, count: int) -> NDArray[np.uint64]:
    """`bits(key, i)` for i in 0..count-1, shape (count,)."""
    z = np.arange(1, count + 1, dtype=np.uint64)
    z *= np.uint64(_GAMMA)
    z += np.uint64(key)
    z ^= z >> np.uint64(30)
    z *= np.uint64(_M1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_M2)
    z ^= z >> np.uint64(31)
    return z


def happens(probability: float, *place: object) -> bool:
    """Whether an event of this probability happens at this place, always the same answer."""
    return key_of(*place) < probability * 2**64
