"""Which generation of a consumer group this process is a member of, and whether one follows another. Pure.

librdkafka gives group metadata as opaque bytes, which are equal exactly while the membership is the same. Their layout
(`rd_kafka_consumer_group_metadata_write`, version 2) is `CGMDv2:`, the generation as a native int32, then group and
member, each ended by a zero byte. Other bytes than these are taken to follow nothing.
"""

import struct
from typing import Final

_MAGIC: Final = b"CGMDv2:"
_GENERATION: Final = struct.Struct("=i")
_WHO: Final = len(_MAGIC) + _GENERATION.size


def follows(earlier: bytes, later: bytes) -> bool:
    """Whether `later` is the generation right after `earlier`, with the same member in both.

    Then no other member can have been given its partitions in between: each generation has one assignment.
    """
    numbers = [_generation(metadata) for metadata in (earlier, later)]
    if None in numbers or earlier[_WHO:] != later[_WHO:]:
        return False
    before, after = numbers
    return before is not None and before >= 0 and after == before + 1


def _generation(metadata: bytes) -> int | None:
    if not metadata.startswith(_MAGIC) or len(metadata) < _WHO:
        return None
    (number,) = _GENERATION.unpack_from(metadata, len(_MAGIC))
    return int(number)
