"""What a consumer enters into the ledger: gaps of candles that were deleted before they were read.

Each entry is written at least once, and a later one of the same key replaces it, so no transaction is needed.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from confluent_kafka.admin import AdminClient

from cryptostream.core.codec import ledger
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result, bind
from cryptostream.log.kafka_admin import counted
from cryptostream.log.kafka_settings import KafkaSettings, connect
from cryptostream.log.kafka_writer import KafkaWriter
from cryptostream.log.partition import partition_of

PATIENCE: Final = 4.0


class KafkaGaps:
    """The ledger of `stream`, to be added to. Used from one thread."""

    def __init__(self, settings: KafkaSettings, writer: KafkaWriter, stream: str) -> None:
        self._settings = settings
        self._writer = writer
        self._topic = ledger_topic(stream)
        self._partitions = 0

    def name(self, gaps: Sequence[Gap]) -> Result[None, LogError]:
        """Enter `gaps`, each in the partition where the candles of its series are. Every error may pass."""
        if not self._partitions:
            found = self._count()
            if isinstance(found, Err):
                return Err(LogError(found.error.detail))
            self._partitions = found.value
        placed = sorted(gaps, key=self._partition)
        for partition, together in groupby(placed, self._partition):
            written = self._writer.publish([self._record(gap) for gap in together], partition)
            if isinstance(written, Err):
                return written
        return Ok(None)

    def _count(self) -> Result[int, LogError]:
        return bind(connect(AdminClient, self._settings, {}), lambda client: counted(client, [self._topic], PATIENCE))

    def _partition(self, gap: Gap) -> int:
        return partition_of(gap.series.symbol.encode(), self._partitions)

    def _record(self, gap: Gap) -> NewRecord:
        return NewRecord(self._topic, ledger.key(gap), ledger.encode(gap))
