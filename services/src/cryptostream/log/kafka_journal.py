"""The producer's journal on Kafka: candles and ledger entries in transactions of one owner. Implements `Journal`.

Used from one thread, but for `fault`. A broker that is away is waited for; every error is the end of this journal, and
of its process: the next owner reads what was committed and goes on from there.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from cryptostream.core.codec import ledger
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.ports import LogError, Newest, NewRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_coverage import Coverage
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_transactions import Outgoing, Transactions
from cryptostream.log.partition import partition_of

MOST: Final = 2000
"""Records of one transaction: it is open for less than 100 ms, because an open one holds up every reader."""
EARLY: Final = LogError("take over and read the ledger first: what was published before is not known yet", fatal=True)


class KafkaJournal:
    """Publishes candles and ledger entries of one stream under its transactional id."""

    def __init__(self, stream: str, edge: KafkaEdge, coverage: Coverage) -> None:
        self._stream = stream
        self._edge = edge
        self._coverage = coverage
        self._health = Health()
        self._transactions: Transactions | None = None
        self._ended: LogError | None = None

    @property
    def fault(self) -> str | None:
        """What keeps Kafka from answering, None while it answers; may be read from any thread."""
        return self._health.fault

    def take_over(self) -> Result[None, LogError]:
        """Fence every earlier owner of the stream. Blocks while there is no broker, until stopped."""
        opened = Transactions.open(f"{self._stream}.0", self._edge, self._health)
        if isinstance(opened, Err):
            return opened
        taken = opened.value.take_over()
        if isinstance(taken, Ok):
            self._transactions = opened.value
        return taken

    def publish(self, records: Sequence[NewRecord], entries: Sequence[Entry]) -> Result[Newest, LogError]:
        """Commit `records`, in their order, and then `entries`, gaps before checkpoints.

        All of it is one transaction, unless it is more than `MOST` records: then several, in this order. An end
        between them leaves records that no entry tells of yet, as the next owner will see when it reads the tail.

        Returns
        -------
        Partition and offset of the newest record, by topic and key. Every error is fatal; whether the last
        transaction was committed may be open then.
        """
        if self._ended or self._transactions is None or not self._coverage.known:
            return Err(self._ended or EARLY)
        first, last = self._coverage.complete(records, entries)
        outgoing = chain(self._ledgered(first), map(Outgoing, records), self._ledgered(last))
        newest: dict[tuple[str, bytes], tuple[int, int]] = {}
        while batch := list(islice(outgoing, MOST)):
            done = self._transactions.commit(batch)
            if isinstance(done, Err):
                self._ended = done.error
                return done
            newest |= done.value
        self._coverage.committed(newest, first, last)
        return Ok({place: at for place, at in newest.items() if place[0] != ledger_topic(self._stream)})

    def close(self) -> None:
        """Let go of the connection. What was published is committed; nothing can be published any more."""
        self._transactions = None

    def _ledgered(self, entries: Sequence[Entry]) -> Iterator[Outgoing]:
        """What a series' ledger says is in the partition where its candles are, so that one consumer gets both."""
        for entry in entries:
            record = NewRecord(ledger_topic(self._stream), ledger.key(entry), ledger.encode(entry))
            yield Outgoing(record, partition_of(entry.series.symbol.encode(), self._coverage.partitions))
