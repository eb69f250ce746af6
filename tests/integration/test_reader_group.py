"""Members of a group that come, go, are killed or held up: nothing is written or committed by who is no member."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cryptostream.core.ports import LogError, Place, Turnover
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_membership import FRESH
from cryptostream.log.kafka_settings import Config, KafkaSettings
from tests.support.data import ROOT
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import Server, wait_for
from tests.support.readers import Counting, Read, Readers, lines, open_reader, produce, readers, together

QUICK: Config = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 200, "max.poll.interval.ms": 2500}
"""A group that notices sooner, for tests in which the time is not what matters."""


@pytest.fixture
def group(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> Iterator[Readers]:
    with readers(kafka, unique("group"), topic) as members:
        yield members


@dataclass
class Child:
    """A reader in a process of its own."""

    process: Server
    barrier: Path

    def said(self, what: str) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in lines(self.process.log) if line.startswith("{")]
        return [each for each in told if each["what"] == what]

    def waits(self, what: str, count: int = 1) -> dict[str, Any]:
        return wait_for(lambda: self.said(what)[count - 1 : count], f"{what}, number {count}")[0]

    def hold_up(self) -> None:
        """From now on it waits between polling and writing."""
        self.barrier.with_suffix(".wait").touch()

    def let_go(self) -> None:
        self.barrier.with_suffix(".go").touch()


@pytest.fixture
def child(group: Readers, tmp_path: Path) -> Iterator[Child]:
    barrier = tmp_path / "barrier"
    command = [sys.executable, "-m", "tests.support.reading_child"]
    told = [group.kafka.bootstrap, group.group, str(barrier), *group.topics]
    process = Server("child", [*command, *told], tmp_path / "child.log", lambda: True, folder=ROOT)
    with process.start():
        yield Child(process, barrier)


def regained(read: Read, place: Place) -> bool:
    """Poll one record at most in the turn that gives the partition back."""
    read.reader.poll(1, 0.05)
    read.note(read.reader.turnover())
    return place in read.gained


def is_lost(done: Result[None, LogError]) -> bool:
    return isinstance(done, Err) and done.error.lost


def test_who_was_killed_is_replaced(group: Readers, child: Child, topic: str) -> None:
    """consumer killed → writing again ≤ 12 s"""
    child.waits("gained", 3)
    produce(group.kafka, topic, [b"1"])
    child.waits("committed")
    other = Read(group.join())
    other.until(lambda: other.gained, "a share")
    child.process.kill()
    killed_at = time.monotonic()
    for partition in range(3):
        produce(group.kafka, topic, [b"2"], partition=partition)
    other.until(lambda: len(other.gained) == 3 and other.values.count(b"2") == 3, "all partitions", 12)
    assert other.reader.owned() == Ok(None)
    print(f"a reader that was killed was replaced after {time.monotonic() - killed_at:.1f} s")  # noqa: T201 - a result


def test_who_is_held_up_beyond_its_session_writes_nothing(group: Readers, child: Child, topic: str) -> None:
    """SIGSTOP of a service beyond its session time-out"""
    child.waits("gained", 3)
    child.hold_up()
    produce(group.kafka, topic, [b"1", b"2"])
    child.waits("polled")
    child.process.pause()
    other = Read(group.join())
    other.until(lambda: len(other.gained) == 3, "all partitions", 20)
    assert other.has(2).values == [b"1", b"2"]
    assert other.reader.owned() == Ok(None)
    assert other.reader.commit(other.records[:1]) == Ok(None)
    child.let_go()
    child.process.resume()
    child.waits("refused")  # as lost, or as not provable yet: whichever the broker's answer finds first
    child.waits("not committed")
    assert not child.said("written")
    assert group.committed()[topic, 0] == 1
    wait_for(lambda: child.said("lost"), "it is told what was lost")


def test_what_was_polled_before_a_loss_is_not_committed_after(group: Readers, topic: str) -> None:
    """Even if the partition has come back meanwhile."""
    first = Read(group.join(config=QUICK))
    for partition in range(3):
        produce(group.kafka, topic, [b"1", b"2", b"3"], partition=partition)
    first.has(9)
    old = list(first.records)
    second = Read(group.join(config=QUICK))
    together([first, second], lambda: first.lost and second.gained, "a share for each")
    lost = next(iter(first.lost))
    polled = [record for record in old if (record.topic, record.partition) == lost]
    assert is_lost(first.reader.commit(polled))
    second.until(lambda: any((r.topic, r.partition) == lost for r in second.records), "what was not committed")
    assert second.reader.commit([r for r in second.records if (r.topic, r.partition) == lost][:1]) == Ok(None)
    second.reader.close()
    first.gained.clear()
    wait_for(lambda: regained(first, lost), "it is back")
    assert is_lost(first.reader.commit(polled))
    assert group.committed()[lost] == 1


def test_a_commit_takes_what_is_still_held(group: Readers, topic: str) -> None:
    """One lost partition does not hold up the others."""
    first = Read(group.join(config=QUICK))
    for partition in range(3):
        produce(group.kafka, topic, [b"1"], partition=partition)
    first.has(3)
    second = Read(group.join(config=QUICK))
    together([first, second], lambda: first.lost and second.gained, "a share for each")
    assert is_lost(first.reader.commit(first.records[:3]))
    assert {place for place, offset in group.committed().items() if offset == 1} == {
        (topic, partition) for partition in range(3)
    } - first.lost


def test_what_is_kept_is_neither_lost_nor_gained_nor_given_again(group: Readers, topic: str) -> None:
    observer = Counting()
    first = Read(group.join(observer, QUICK))
    for partition in range(3):
        produce(group.kafka, topic, [b"1", b"2"], partition=partition)
    first.has(6)
    second = Read(group.join(config=QUICK))
    together([first, second], lambda: second.gained and len(second.records) >= 2, "a share for each")
    kept = first.gained
    assert kept.isdisjoint(second.gained)
    first.gained, first.lost = set(), set()
    second.reader.close()
    first.until(lambda: first.gained, "what the other had")
    assert (first.gained, first.lost) == (second.gained, set())
    for place in kept:
        produce(group.kafka, topic, [b"3"], partition=place[1])
    first.until(lambda: first.values.count(b"3") == len(kept), "what is new")
    for place in kept:
        assert [r.value for r in first.records if (r.topic, r.partition) == place] == [b"1", b"2", b"3"]
    assert observer.rebalances.count("assigned") == 3
    assert "lost" not in observer.rebalances


def test_keep_holds_the_membership_while_nothing_is_polled(group: Readers, topic: str) -> None:
    """While the store is away, partitions pause"""
    observer = Counting()
    read = Read(group.join(observer, QUICK))
    read.until(lambda: read.gained, "an assignment")
    produce(group.kafka, topic, [b"%d" % n for n in range(10)])
    read.has(10)
    until = time.monotonic() + 3.5
    while time.monotonic() < until:
        assert read.reader.keep() == Ok(None)
        time.sleep(0.25)
    produce(group.kafka, topic, [b"10"])
    wait_for(lambda: read.reader.keep() == Ok(None) and sum(read.reader.lag().values()) == 1, "lag goes on being told")
    assert read.reader.owned() == Ok(None)
    assert read.reader.commit(read.records) == Ok(None)
    assert read.has(11).values == [b"%d" % n for n in range(11)]
    assert read.reader.turnover() == Turnover()
    assert observer.rebalances == ["assigned"]


def test_who_does_not_keep_is_told_what_it_lost(group: Readers, topic: str) -> None:
    """A store's write that never comes back."""
    read = Read(group.join(config=QUICK))
    produce(group.kafka, topic, [b"1"])
    read.has(1)
    time.sleep(4)
    assert is_lost(read.reader.owned())
    assert is_lost(read.reader.commit(read.records))
    read.gained.clear()
    read.until(lambda: len(read.gained) == 3 and read.lost, "it is a member again")
    assert read.has(2).values == [b"1", b"1"]


def test_a_proof_is_asked_for_every_two_seconds(group: Readers, topic: str) -> None:
    observer = Counting()
    read = Read(group.join(observer))
    produce(group.kafka, topic, [b"1"])
    read.has(1)
    before = observer.commits
    assert [read.reader.owned() for _ in range(100)] == [Ok(None)] * 100
    assert observer.commits - before <= 1
    time.sleep(2.1)
    assert read.reader.owned() == Ok(None)
    assert observer.commits - before == 1 + (observer.commits - before > 1)
    assert group.committed()[topic, 0] == 0


def test_reading_goes_on_after_the_broker_was_killed(group: Readers, topic: str) -> None:
    read = Read(group.join(config=QUICK))
    produce(group.kafka, topic, [b"%d" % n for n in range(100)])
    read.has(100)
    assert read.reader.commit(read.records) == Ok(None)
    produce(group.kafka, topic, [b"%d" % n for n in range(100, 150)])
    group.kafka.kill()
    down = time.monotonic() + 2
    while time.monotonic() < down:
        read.poll()
    assert read.reader.fault
    group.kafka.start()
    produce(group.kafka, topic, [b"150"])
    read.until(lambda: b"150" in read.values, "what came after")
    assert list(dict.fromkeys(read.values)) == [b"%d" % n for n in range(151)]
    assert read.errors == []
    assert read.reader.fault is None
    assert read.reader.owned() == Ok(None)


def test_a_silent_broker_holds_nobody_up(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> None:
    """network half-open: whoever waits is told within seconds, and goes on when it is over"""
    link, name = kafka.links["plain"], unique("group")
    produce(kafka, topic, [b"1", b"2"])
    with closing(open_reader(KafkaSettings(link.address), name, [topic])) as reader:
        read = Read(reader).has(2)
        time.sleep(FRESH)
        link.blackhole()
        waited = time.monotonic()
        assert isinstance(reader.owned(), Err)
        assert reader.keep() == Ok(None)
        assert isinstance(reader.commit(read.records), Err)
        assert time.monotonic() - waited < 15
        assert read.poll() == ()
        assert reader.fault
        link.heal()
        produce(kafka, topic, [b"3"])
        read.until(lambda: b"3" in read.values, "what came after")
        read.until(lambda: reader.commit(read.records) == Ok(None), "commits are taken again")
    assert kafka.admin.group_offsets(name)[topic, 0] == 3
