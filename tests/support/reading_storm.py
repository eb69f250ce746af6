"""Readers of one group that come, go, idle and overstay at random, and the store that they share.

The store is a set of offsets. A reader writes what it has polled after it has proved that it owns it, and commits some
of the times. What must hold: nothing is committed that was not written.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from cryptostream.core.ports import LogRecord, Place
from cryptostream.core.result import Ok
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_records import ends
from cryptostream.log.kafka_settings import Config, KafkaSettings
from tests.support.readers import open_reader

QUICK: Config = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 200, "max.poll.interval.ms": 2500}


@dataclass
class Store:
    """Offsets written by place, and those that were passed over by a commit before they were written."""

    written: dict[Place, set[int]] = field(default_factory=dict)
    passed: dict[Place, set[int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, records: Iterable[LogRecord]) -> None:
        with self.lock:
            for record in records:
                self.written.setdefault((record.topic, record.partition), set()).add(record.offset)

    def commit(self, records: list[LogRecord]) -> None:
        with self.lock:
            for place, end in ends(records).items():
                missing = set(range(end)) - self.written[place]
                self.passed.setdefault(place, set()).update(missing)


class Storm:
    """So many readers of `topics`, each in a thread, until `end`."""

    def __init__(self, settings: KafkaSettings, group: str, topics: Iterable[str], seed: int, readers: int = 3) -> None:
        self.store = Store()
        self.faults: list[BaseException] = []
        self._settings, self._group, self._topics = settings, group, tuple(topics)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(Random(seed + n),)) for n in range(readers)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _live(self, chance: Random) -> None:
        try:
            while not self._stop.is_set():
                reader = open_reader(self._settings, self._group, self._topics, config=QUICK)
                self._read(reader, chance, time.monotonic() + chance.uniform(2, 12))
                reader.close()
        except BaseException as fault:  # noqa: BLE001 - the test tells of it
            self.faults.append(fault)

    def _read(self, reader: KafkaReader, chance: Random, until: float) -> None:
        hand: list[LogRecord] = []
        while time.monotonic() < until and not self._stop.is_set():
            self._dawdle(reader, chance)
            polled = reader.poll(chance.choice([1, 10, 500]), chance.choice([0, 0.01, 0.1]))
            lost = reader.turnover().lost
            hand = [record for record in hand if (record.topic, record.partition) not in lost]
            hand += polled.value if isinstance(polled, Ok) else ()
            if not hand or reader.owned() != Ok(None):
                continue
            self.store.write(hand)
            if chance.random() < 0.5 and reader.commit(hand) == Ok(None):
                self.store.commit(hand)
                hand = []

    def _dawdle(self, reader: KafkaReader, chance: Random) -> None:
        match chance.random():
            case x if x < 0.03:  # its store is away
                for _ in range(chance.randint(1, 5)):
                    reader.keep()
                    time.sleep(chance.uniform(0, 0.3))
            case x if x < 0.035:  # it hangs for longer than its session
                time.sleep(chance.uniform(2.1, 4))
            case _:
                pass
