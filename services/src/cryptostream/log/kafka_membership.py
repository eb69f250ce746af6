"""A reader's membership in its consumer group: what it was assigned, and the proof that this still holds.

The group's callbacks only note what they are told and assign nothing; positions are looked up afterwards, where a fault
can be a value. Positions are moved by one means, `assign` with explicit offsets. So what librdkafka has fetched and
nobody was given may be dropped at any time: it is fetched again.

A commit that the broker takes proves the membership: for the session's time from when it was *sent*, nobody else is
given these partitions. The monotonic clock goes on while a process is stopped.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from cryptostream.core.ports import Place
from cryptostream.core.result import Err, Ok, Result, bind
from cryptostream.log import kafka_offsets as offsets
from cryptostream.log.kafka_commits import Commits
from cryptostream.log.kafka_faults import NO_MEMBER
from cryptostream.log.kafka_holdings import NOTHING, Mark, assigned, begun, given, lost, made_anew, revoked
from cryptostream.log.kafka_inflow import Inflow
from cryptostream.log.kafka_topics import TopicIds
from cryptostream.log.reader_observer import ReaderObserver, Rebalance

FRESH: Final = 2.0
"""Seconds for which a proof is good. With a write's deadline of 3 s that is less than the session's 6 s."""


class Membership:
    """One member of a group; used from one thread."""

    def __init__(
        self,
        consumer: Consumer,
        topics: Iterable[str],
        topic_ids: TopicIds,
        commits: Commits,
        observer: ReaderObserver,
    ) -> None:
        self._consumer = consumer
        self._topic_ids = topic_ids
        self._commits = commits
        self._observer = observer
        self._proven = -inf
        self._fetching = False
        self._closed = False
        self.inflow = Inflow(consumer)
        self.holdings = NOTHING
        consumer.subscribe(list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)

    # ------------------------------------------------------------ positions

    def settle(self) -> Result[None, KafkaError]:
        """Look up where to begin with what was assigned; what is found for the first time is committed at once."""
        unbegun = self.holdings.unbegun
        marks = offsets.marks(self._consumer, unbegun)
        bounds = bind(marks, lambda _: offsets.bounds(self._consumer, unbegun))
        ids = bind(bounds, lambda _: self._topic_ids.of(topic for topic, _ in unbegun))
        if isinstance(marks, Err):
            return marks
        if isinstance(bounds, Err):
            return bounds
        if isinstance(ids, Err):
            return ids
        holdings, first = begun(self.holdings, marks.value, bounds.value, ids.value)
        if first and isinstance(done := self.commit(first), Err):
            return done
        self.holdings = holdings
        self._fetching = False
        for place in unbegun & holdings.turnover.expired.keys():
            self._observer.range_expired(place)
        return Ok(None)

    def check(self) -> None:
        """Now and then, and without waiting, see whether what is read still is the topic that it was."""
        ids = self._topic_ids.news(topic for topic, _ in self.holdings.held)
        self.holdings = made_anew(self.holdings, ids)

    def fetch(self) -> None:
        """Fetch what comes after all that was given."""
        if not self._fetching and self.holdings.settled:
            held = self.holdings.held
            self.inflow.end()
            self._consumer.assign([TopicPartition(*place, hold.given) for place, hold in held.items()])
            self._fetching = True

    def release(self) -> None:
        """Fetch nothing, and hold nothing that was fetched; membership and positions stay."""
        if self._fetching:
            self._consumer.assign([])
            self.inflow.end()
            self._fetching = False

    def read(self, ends: Mapping[Place, int], records: int) -> None:
        """So many records, all before `ends`, have been given to the consumer."""
        self.holdings = given(self.holdings, ends)
        self._observer.records_read(records)

    # ------------------------------------------------------------ proof

    @property
    def proven(self) -> bool:
        """Whether the last proof is fresh enough to write to a store."""
        return time.monotonic() - self._proven < FRESH

    def commit(self, marks: Mapping[Place, Mark]) -> Result[None, KafkaError]:
        """Commit `marks`. The error of one who is no member says that everything held is lost.

        The group may speak meanwhile. `Ok` says that it did not, and that `holdings` are as they were.
        """
        sent_at, session = time.monotonic(), self.holdings.session
        if not self._is_member(session):
            return self._lose()
        done = self._commits.send(self._consumer, self.inflow, marks)
        if self.holdings.session != session:
            return Err(KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
        if isinstance(done, Err):
            return self._lose() if done.error.code() in NO_MEMBER else done
        if not self._is_member(session):
            return self._lose()
        self._proven = sent_at
        self._observer.offsets_committed()
        return Ok(None)

    def _is_member(self, session: bytes | None) -> bool:
        """Without this a commit could go out in nobody's name, which an empty group takes."""
        return bool(self._consumer.consumer_group_metadata() == session)

    def _lose(self) -> Err[KafkaError]:
        self.release()
        self.holdings = lost(self.holdings)
        return Err(KafkaError(KafkaError.UNKNOWN_MEMBER_ID))

    def close(self) -> None:
        """Leave the group; what it says now is of no interest."""
        self._closed = True
        self._consumer.close()

    # ------------------------------------------------------------ callbacks, out of a poll; librdkafka says `lost` too

    def _on_assign(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        if self._closed:
            return
        consumer.assign([])
        session = bytes(consumer.consumer_group_metadata())
        self.holdings = assigned(self.holdings, [(at.topic, at.partition) for at in places], session)
        self._shake("assigned")

    def _on_revoke(self, _: Consumer, __: Sequence[TopicPartition]) -> None:
        self.holdings = revoked(self.holdings)
        self._shake("revoked")

    def _on_lost(self, _: Consumer, __: Sequence[TopicPartition]) -> None:
        self.holdings = lost(self.holdings)
        self._shake("lost")

    def _shake(self, kind: Rebalance) -> None:
        self._fetching = False
        self.inflow.end()
        self._observer.rebalanced(kind)
