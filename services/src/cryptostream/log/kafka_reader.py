"""A consumer group's reader of Kafka. Implements `LogReader`; used from one thread, but for `lag` and `fault`.

A broker that is away is no error: librdkafka tries again, and `fault` says so. What only people can mend (names,
passwords, access lists, missing topics) is one, and is tried again too.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec.structs import replace

from cryptostream.core.ports import LogError, LogRecord, Place, Turnover
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.log import kafka_offsets as offsets
from cryptostream.log.kafka_commits import Commits
from cryptostream.log.kafka_faults import BALANCING, CLOSED, LOST, OUT_OF_RANGE, SLOW, fault
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_holdings import Hold, Mark, committed, told, unreadable
from cryptostream.log.kafka_membership import Membership
from cryptostream.log.kafka_records import ends, record_of
from cryptostream.log.kafka_settings import READ, Config, CredentialWatch, KafkaSettings, connect
from cryptostream.log.kafka_topics import TopicIds
from cryptostream.log.reader_observer import ReaderObserver, Unobserved

SETTINGS: Final[Config] = {
    "partition.assignment.strategy": "range",  # keeps a key's partitions of all topics together
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 2000,
    "max.poll.interval.ms": 300_000,
    "auto.offset.reset": "error",
    "allow.auto.create.topics": False,
    "topic.metadata.refresh.interval.ms": 10_000,  # a topic that comes late is found
    "socket.timeout.ms": 5000,  # what got lost is found out before the session ends
    # About 30 MB at more than 200,000 records a second: what is fetched comes compressed, what waits does not.
    "queued.max.messages.kbytes": 4096,
    "fetch.max.bytes": 1_048_576,
    "fetch.message.max.bytes": 131_072,
    "fetch.queue.backoff.ms": 5,  # a full queue is empty in milliseconds
}
SLICE: Final = 0.1
"""Seconds for which librdkafka is listened to at once: its callbacks do not end its wait."""
TELL: Final = 0.5
"""Seconds after which the lag is told anew."""
LOOK: Final = 1.0
"""Seconds between two questions for the ends of the logs, while no fetches tell them."""

Records = Result[tuple[LogRecord, ...], LogError]


class KafkaReader:
    """Reads some topics as one member of a group."""

    def __init__(self, consumer: Consumer, member: Membership, health: Health, watch: Callable[[], object]) -> None:
        self._consumer = consumer
        self._member = member
        self._health = health
        self._watch = watch
        self._ends: Mapping[Place, int] = {}
        self._lag: Mapping[Place, int] = {}
        self._looked_at = 0.0
        self._told_at = 0.0
        self._closed = False

    @classmethod
    def open(
        cls,
        settings: KafkaSettings,
        group: str,
        topics: Iterable[str],
        observer: ReaderObserver | None = None,
        config: Config | None = None,
    ) -> Result["KafkaReader", LogError]:
        """Become a member of `group`; `config` overrules properties of librdkafka.

        Returns
        -------
        `Err` where the files of `settings` cannot be read. Whether there is a broker shows when it is polled.
        """
        commits = Commits()
        health, watches = Health(), (CredentialWatch(settings), CredentialWatch(settings))

        def reader(consumer: Consumer, admin: AdminClient) -> "KafkaReader":
            ids = TopicIds(admin, time.monotonic)
            member = Membership(consumer, topics, ids, commits, observer or Unobserved())
            return cls(consumer, member, health, lambda: (watches[0].look(consumer), watches[1].look(admin)))

        properties: dict[str, Any] = {**READ, **SETTINGS, **(config or {}), "group.id": group, "error_cb": health.hear}
        properties["on_commit"] = commits.answered
        quiet = {"error_cb": lambda _: None, "log_level": 2}  # what it would say, the consumer says
        admin = connect(AdminClient, settings, quiet)
        return bind(admin, lambda admin: map_ok(connect(Consumer, settings, properties), lambda c: reader(c, admin)))

    # ------------------------------------------------------------ reading

    def poll(self, limit: int, timeout: float) -> Records:
        """Up to `limit` records, in the order of each partition; waits at most `timeout` s for the first."""
        until = time.monotonic() + timeout
        while True:
            read = self._read(limit, max(0.0, min(SLICE, until - time.monotonic())))
            if read != Ok(()) or time.monotonic() >= until:
                return read

    def turnover(self) -> Turnover:
        """What has changed hands since the last call."""
        changed = self._member.holdings.turnover
        self._member.holdings = told(self._member.holdings)
        return changed

    def keep(self) -> Result[None, LogError]:
        """Stay a member; what was fetched and not polled is let go of."""
        if self._closed:
            return Err(CLOSED)
        wrong = self._serve()
        self._look()
        return Err(wrong) if wrong else Ok(None)

    def passed(self, place: Place) -> int:
        """The offset before which nothing more will be given of a partition that is held; 0 of others.

        It is after what was given and the transactions' markers that follow. librdkafka knows these by its position,
        which may also be after messages that it has given and nobody here was.
        """
        hold = self._member.holdings.held.get(place)
        if hold is None or hold.given < self._member.inflow.ahead.get(place, 0):
            return 0 if hold is None else hold.given
        (at,) = self._consumer.position([TopicPartition(*place)])
        return max(hold.given, at.offset)

    # ------------------------------------------------------------ commits

    def owned(self) -> Result[None, LogError]:
        """Prove by a commit, unless one was taken in the last two seconds, that what is held is still ours.

        The error is `lost` from when something was lost until `turnover` was asked what.
        """
        ready = self._ready()
        if isinstance(ready, Err):
            return ready
        holdings = self._member.holdings
        if holdings.turnover.lost:
            return Err(LOST)
        if not holdings.held or self._member.proven:
            return Ok(None)
        place, hold = next(iter(holdings.held.items()))
        sent = self._send({place: hold.mark})
        return sent if isinstance(sent, Err) or self._member.proven else Err(SLOW)

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        """Commit what of `records` is still ours, in one request; the rest makes the error `lost`."""
        ready = self._ready()
        if isinstance(ready, Err):
            return ready
        held, dealt = self._member.holdings.held, ends(records)
        ours = {place: end for place, end in dealt.items() if place in held and end <= held[place].given}
        ahead = {
            place: replace(held[place].mark, offset=self._beyond(place, end))
            for place, end in ours.items()
            if end > held[place].mark.offset
        }
        sent = self._send(ahead)
        return Err(LOST) if isinstance(sent, Ok) and len(ours) < len(dealt) else sent

    def restored(self, place: Place) -> Result[None, LogError]:
        """Forget, in a commit of its own, that something of `place` had expired."""
        ready = self._ready()
        if isinstance(ready, Err):
            return ready
        hold = self._member.holdings.held.get(place)
        return Err(LOST) if hold is None else self._send({place: replace(hold.mark, expired=None)})

    # ------------------------------------------------------------ for people

    @property
    def fault(self) -> str | None:
        """What keeps Kafka from answering, None while it answers; from any thread."""
        return self._health.fault

    def lag(self) -> Mapping[Place, int]:
        """Records after those given to the consumer, by partition held, as of the last poll; from any thread."""
        return self._lag

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._closed = True
        self._lag = {}
        self._member.close()

    def _tell_lag(self) -> None:
        """Who asks from another thread would wait for what this one does with the consumer."""
        if time.monotonic() - self._told_at >= TELL:
            self._told_at = time.monotonic()
            self._lag = {place: self._behind(place, hold) for place, hold in self._member.holdings.held.items()}

    def _behind(self, place: Place, hold: Hold) -> int:
        try:
            _, end = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        except KafkaException:
            end = 0
        return max(0, max(end, self._ends.get(place, 0)) - max(self.passed(place), hold.mark.offset))

    # ------------------------------------------------------------ inside: reading

    def _read(self, limit: int, timeout: float) -> Records:
        if self._closed:
            return Err(CLOSED)
        self._watch()
        self._member.check()
        if self._member.holdings.unbegun:
            settled = self._member.settle()
            if isinstance(settled, Ok):
                self._health.well()
            elif wrong := self._health.note([settled.error]):
                return Err(wrong)
        self._member.fetch()
        return self._accept(self._member.inflow.take(limit, timeout))

    def _accept(self, messages: Sequence[Message]) -> Records:
        records = tuple([record_of(message) for message in messages if message.error() is None])
        wrong = self._heed(messages if len(records) < len(messages) else ())
        self._tell_lag()
        if records:
            self._health.well()
            self._member.read(ends(records), len(records))
            return Ok(records)
        if self.fault:
            self._look()
        return Err(wrong) if wrong else Ok(())

    def _serve(self) -> LogError | None:
        """Let the group speak, without reading on."""
        self._watch()
        self._member.release()
        messages = self._member.inflow.take(1, 0)
        self._member.inflow.hold_back(messages)
        self._tell_lag()
        return self._heed(messages)

    def _heed(self, messages: Iterable[Message]) -> LogError | None:
        """Take in the errors among `messages`; returns what only people can mend."""
        failed = [(message, error) for message in messages if (error := message.error())]
        gone = [(each.topic() or "", each.partition() or 0) for each, error in failed if error.code() in OUT_OF_RANGE]
        if gone:
            self._member.holdings = unreadable(self._member.holdings, gone)
        return self._health.note([error for _, error in failed if error.code() not in OUT_OF_RANGE])

    def _look(self) -> None:
        """Ask for the ends of the logs, now and then: whether there is a broker, and how far they have gone on."""
        if time.monotonic() - self._looked_at < LOOK or not self._member.holdings.held:
            return
        self._looked_at = time.monotonic()
        found = offsets.ends(self._consumer, self._member.holdings.held, patience=0.5)
        if isinstance(found, Err):
            self._health.note([found.error])
            return
        self._health.well()
        self._ends = found.value

    # ------------------------------------------------------------ inside: commits

    def _ready(self) -> Result[None, LogError]:
        """Nothing is in limbo: what is held and what is lost is known."""
        if self._closed:
            return Err(CLOSED)
        self._watch()
        if self._member.holdings.limbo:
            self._serve()
        return Err(BALANCING) if self._member.holdings.limbo else Ok(None)

    def _send(self, marks: Mapping[Place, Mark]) -> Result[None, LogError]:
        done = self._member.commit(marks) if marks else Ok(None)
        if isinstance(done, Ok):
            self._member.holdings = committed(self._member.holdings, marks)
            return done
        self._health.note([done.error])
        wrong = fault(done.error)
        if not wrong.lost:
            self._serve()  # so that who does nothing but try again learns it when the group goes on
        return Err(wrong)

    def _beyond(self, place: Place, end: int) -> int:
        """`end`, or the offset after the transactions' markers that follow: else who read all seems behind."""
        return end if end < self._member.holdings.held[place].given else self.passed(place)
