"""The dead-letter topic on a real broker, from the refusal of a record to its second publication."""

import json
import random
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from confluent_kafka.admin import AclOperation, ResourceType
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from cryptostream.cli import app
from cryptostream.core.codec.dead_letter import OMITTED
from cryptostream.core.codec.service import KafkaAccess, encode
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.reject import Reason, Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, LogRecord, NewRecord
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.service_config import assignment, service_config
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_gaps import KafkaGaps
from cryptostream.log.kafka_letters import KafkaDeadLetters
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_records import record_of
from cryptostream.log.kafka_settings import KafkaSettings
from cryptostream.log.kafka_writer import KafkaWriter
from cryptostream.log.partition import partition_of
from tests.support.data import ROOT
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.readers import Read, open_reader
from tests.support.resources import stream

PAGE = (ROOT / "docs" / "dead-letters.md").read_text()
PARTITIONS = 3
AT = 1_761_714_120_000


@dataclass
class World:
    """The topics of one stream, its consumer's dead letters, and a configuration of it."""

    kafka: Kafka
    folder: Path
    stream: str
    prices: str
    topic: str
    letters: KafkaDeadLetters

    def refuse(self, record: LogRecord, reason: str = "negative", **fields: Any) -> None:
        rejected = Rejected(reason, f"{reason}: [bold]look\x1b[31m")  # type: ignore[arg-type]
        letter = DeadLetter(record, rejected, "validate", AT, "BTCUSDC", "1m", AT)
        assert self.letters.put([replace(letter, **fields)]) == Ok(None)

    def configure(self, **access: Any) -> Path:
        spec = replace(stream(coins=["BTC", "ETH"], intervals=["1m"]), namespace="tests", name=self.stream)
        kafka = KafkaAccess(**({"bootstrap": self.kafka.bootstrap, "security": "None"} | access))
        told = service_config(spec, plan(spec), kafka=kafka, store=None, assignment_file="assignment.json")
        (self.folder / "assignment.json").write_bytes(encode(assignment(spec, 1)))
        config = self.folder / "config.json"
        config.write_bytes(encode(told))
        return config

    def run(self, *arguments: str, config: Path | None = None, typed: str | None = None) -> Result:
        verb, *others = arguments
        told = ["dead-letters", verb, "--config", str(config or self.configure()), *others]
        return CliRunner().invoke(app, told, input=typed)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run("list", "--json", *arguments)
        assert done.exit_code == 0, done.output
        listed: list[dict[str, Any]] = json.loads(done.stdout)
        return listed

    def read(self) -> list[LogRecord]:
        """All that is in the topic of prices."""
        read = map(record_of, self.kafka.admin.read(self.prices))
        return [replace(each, headers=tuple(each.headers), timestamp=0) for each in read]


@pytest.fixture
def world(kafka: Kafka, tmp_path: Path, unique: Callable[[str], str]) -> World:
    name = unique("s")
    prices, topic = f"tests.{name}.prices-1m", f"tests.{name}.dead-letter"
    kafka.admin.create_topics(prices, topic, partitions=PARTITIONS)
    settings = KafkaSettings(kafka.bootstrap)
    return World(kafka, tmp_path, name, prices, topic, KafkaDeadLetters(KafkaWriter(settings), topic))


def refused(world: World, value: bytes = b'{"volume":"-1"}\xff', offset: int = 41) -> LogRecord:
    return LogRecord(world.prices, 2, offset, b"BTCUSDC", value, (("schema", b"1"), ("lane", b"live")), AT)


def test_a_letter_keeps_bytes_key_and_headers_and_says_why(world: World) -> None:
    """dead-letter topic with reason, original bytes and headers"""
    world.refuse(refused(world))
    (message,) = world.kafka.admin.read(world.topic)
    assert (message.key(), message.value()) == (b"BTCUSDC", b'{"volume":"-1"}\xff')
    told = dict(message.headers() or ())
    assert {name: told[name] for name in ("reason", "stage", "topic", "partition", "offset", "open_time")} == {
        "reason": b"negative",
        "stage": b"validate",
        "topic": world.prices.encode(),
        "partition": b"2",
        "offset": b"41",
        "open_time": str(AT).encode(),
    }
    assert (told["original.schema"], told["original.lane"]) == (b"1", b"live")


def test_the_list_counts_a_letter_that_was_kept_twice_once(world: World) -> None:
    """A crash between keeping a letter and committing its record keeps it again"""
    world.refuse(refused(world))
    world.refuse(refused(world))
    world.refuse(refused(world, b"[1]", 42), "malformed", symbol=None, interval=None, open_time=None, at=AT + 1)
    newest, oldest = world.listed()
    assert (newest["reason"], newest["symbol"], newest["offset"]) == ("malformed", None, 42)
    assert (oldest["reason"], oldest["symbol"], oldest["count"], oldest["size"]) == ("negative", "BTCUSDC", 1, 16)
    assert [each["reason"] for each in world.listed("--reason", "negative")] == ["negative"]
    assert [each["reason"] for each in world.listed("--symbol", "BTCUSDC")] == ["negative"]
    assert [each["offset"] for each in world.listed("--limit", "1")] == [42]
    assert world.run("list").stdout.splitlines()[3:] == [
        "2025-10-29T05:02:00Z negative (validate) BTCUSDC 1m 2025-10-29T05:02:00Z: 1 record",
        f"    {world.prices}/2/41, 16 bytes",
        "    negative: [bold]look\N{REPLACEMENT CHARACTER}[31m",
        "2 letters, 2 shown",
    ]


def test_a_redrive_publishes_what_was_refused_as_it_was(world: World) -> None:
    world.refuse(refused(world))
    world.refuse(refused(world))
    done = world.run("redrive", "--all", "--yes")
    assert (done.exit_code, done.stdout) == (0, "1 record published again; the letters stay\n")
    (record,) = world.read()
    again = (("schema", b"1"), ("lane", b"live"), ("redriven", b"1"))
    assert record == replace(refused(world), offset=0, headers=again, timestamp=0)
    assert len(world.listed()) == 1


def test_what_was_redriven_and_refused_again_is_counted_and_left_alone(world: World) -> None:
    """A marker prevents endless loops"""
    world.refuse(refused(world))
    assert world.run("redrive", "--all", "--yes").exit_code == 0
    (back,) = world.read()
    world.refuse(back)
    (entry,) = world.listed()
    assert (entry["count"], entry["redriven"]) == (2, 1)
    done = world.run("redrive", "--all", "--yes")
    assert "1 letter left out: refused again after a redrive" in done.stdout
    assert len(world.read()) == 1
    assert world.run("redrive", "--all", "--again", "--yes").exit_code == 0
    assert world.run("redrive", "--place", f"{world.prices}/2/0", "--yes").exit_code == 0
    assert [dict(each.headers)["redriven"] for each in world.read()] == [b"1", b"1", b"1"]


def test_equal_records_are_published_once(world: World) -> None:
    world.refuse(refused(world), "unknown_symbol")
    world.refuse(refused(world, offset=50), "negative")
    done = world.run("redrive", "--symbol", "BTCUSDC", "--yes")
    assert "1 letter left out: equal to one of them" in done.stdout
    assert len(world.read()) == 1


def test_nothing_is_published_before_somebody_agrees(world: World) -> None:
    world.refuse(refused(world))
    assert "nothing was published" in world.run("redrive", "--reason", "negative", typed="n\n").stdout
    assert world.read() == []
    assert world.run("redrive", "--reason", "negative", typed="y\n").exit_code == 0
    assert len(world.read()) == 1


def test_many_letters_are_redriven_to_their_partitions(world: World) -> None:
    letter = DeadLetter(refused(world), Rejected("newer_schema", "schema 2"), "decode", AT)
    many = [
        replace(letter, record=replace(letter.record, partition=n % 3, offset=n, value=b"%d" % n)) for n in range(1200)
    ]
    assert world.letters.put(many) == Ok(None)
    assert "1200 records published again" in world.run("redrive", "--reason", "newer_schema", "--yes").stdout
    assert {(each.partition, each.value) for each in world.read()} == {(n % 3, b"%d" % n) for n in range(1200)}


def test_letters_of_other_streams_topics_are_not_published(world: World, unique: Callable[[str], str]) -> None:
    """Who may write letters may not have others write for him."""
    other = unique("other")
    world.kafka.admin.create_topics(other)
    world.refuse(replace(refused(world), topic=other))
    assert "1 letter left out: of topics that are not this stream's" in world.run("redrive", "--all", "--yes").stdout
    assert world.kafka.admin.read(other) == []


def test_what_is_too_large_for_the_topic_is_kept_without_its_bytes(world: World) -> None:
    """No endless retry: the record fits into its own topic, and with a letter's headers no longer."""
    large, small = refused(world, random.randbytes(1_048_400)), refused(world, b"small", 42)
    assert world.letters.put([letter_of(large), letter_of(small)]) == Ok(None)
    kept = {dict(m.headers() or ()).get(OMITTED): m.value() for m in world.kafka.admin.read(world.topic)}
    assert kept == {b"1048400": b"", None: b"small"}
    assert {(each["size"], each["omitted"]) for each in world.listed()} == {(1_048_400, True), (5, False)}
    done = world.run("redrive", "--all", "--yes")
    assert "1 record published again" in done.stdout
    assert "1 letter left out: too large" in done.stdout


def letter_of(record: LogRecord) -> DeadLetter:
    return DeadLetter(record, Rejected("negative", "x"), "validate", AT, "BTCUSDC", "1m", AT)


def test_records_that_are_no_letters_are_told(world: World) -> None:
    world.kafka.admin.create_topics(f"{world.topic}.x")
    writer = KafkaWriter(KafkaSettings(world.kafka.bootstrap))
    assert writer.publish([NewRecord(world.topic, b"k", b"v"), NewRecord(world.topic, b"", b"")]) == Ok(None)
    done = world.run("list")
    assert done.exit_code == 0
    assert "2 records of the topic are no letters" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["redrive", "--yes"], "say which"),
        (["redrive", "--all", "--symbol", "BTCUSDC"], "say which"),
        (["redrive", "--place", "here"], "topic/partition/offset"),
        (["list", "--reason", "bad"], "--reason: bad is none"),
        (["list", "--limit", "0"], "--limit"),
    ],
)
def test_bad_input_is_refused(world: World, arguments: list[str], told: str) -> None:
    done = world.run(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_person_needs_no_more_rights_than_those_of_the_page(world: World, unique: Callable[[str], str]) -> None:
    """docs/dead-letters.md: Read on the dead-letter topic; to redrive, Write on those of the prices"""
    user = unique("person")
    (world.folder / "username").write_text(user)
    (world.folder / "password").write_text("secret-of-person")
    world.kafka.admin.add_user(user, "secret-of-person")
    world.kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, world.topic, AclOperation.READ)
    config = world.configure(
        bootstrap=world.kafka.scram_bootstrap,
        security="ScramSha512",
        ca_file=str(world.kafka.authority.cert),
        username_file="username",
        password_file="password",
    )
    world.refuse(refused(world))
    assert world.run("list", config=config).exit_code == 0
    forbidden = world.run("redrive", "--all", "--yes", config=config)
    assert forbidden.exit_code == 1
    assert "access lists do not allow it" in forbidden.stderr
    assert "secret-of-person" not in forbidden.output
    world.kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, world.prices, AclOperation.WRITE)
    assert world.run("redrive", "--all", "--yes", config=config).exit_code == 0
    assert len(world.read()) == 1


def test_commands_of_the_page_work_as_they_stand(world: World) -> None:
    world.refuse(refused(world), "newer_schema")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    config = world.configure()
    for command in commands:
        words = shlex.split(command.replace("config.json", str(config)))
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, f"{command}: {done.output}"
    assert len(world.read()) == 3


def test_the_page_says_what_to_do_about_each_reason() -> None:
    table = PAGE[PAGE.index("| reason |") : PAGE.index("## Publish")]
    assert {*re.findall(r"`([a-z_]+)`", table)} >= {*get_args(Reason)}


def test_a_missing_topic_or_broker_is_a_fault(world: World) -> None:
    world.kafka.admin.delete_topics(world.topic)
    missing = world.run("list")
    assert (missing.exit_code, world.topic in missing.stderr) == (1, True)


def test_put_waits_for_no_broker_longer_than_seconds_and_works_again(world: World) -> None:
    """errors as values; nothing is kept by a client that was given up"""
    link = world.kafka.links["plain"]
    letters = KafkaDeadLetters(KafkaWriter(KafkaSettings(link.address)), world.topic)
    assert letters.put([letter_of(refused(world))]) == Ok(None)
    link.cut()
    begun = time.monotonic()
    refusal = letters.put([letter_of(refused(world, offset=42))])
    assert isinstance(refusal, Err)
    assert not refusal.error.fatal
    assert time.monotonic() - begun < 10
    link.heal()
    wait_for(lambda: letters.put([letter_of(refused(world, offset=43))]) == Ok(None), "letters are taken again")
    assert {dict(m.headers() or ())["offset"] for m in world.kafka.admin.read(world.topic)} == {b"41", b"43"}


def test_a_reader_is_given_a_redriven_record_like_any_other(world: World, unique: Callable[[str], str]) -> None:
    world.refuse(refused(world, b"value"))
    assert world.run("redrive", "--all", "--yes").exit_code == 0
    reader: KafkaReader = open_reader(KafkaSettings(world.kafka.bootstrap), unique("group"), [world.prices])
    try:
        assert Read(reader).has(1).values == [b"value"]
    finally:
        reader.close()


def test_gaps_are_entered_where_the_candles_of_their_series_are(world: World) -> None:
    """a range that retention took before it was read (`expired` → fetched again)"""
    ledger = f"tests.{world.stream}.ledger"
    settings = KafkaSettings(world.kafka.bootstrap)
    gaps = KafkaGaps(settings, KafkaWriter(settings), f"tests.{world.stream}")
    symbols = ("BTCUSDC", "ETHUSDC", "XRPUSDC", "SOLUSDC")
    named = [
        Gap(
            series=Series(symbol, "1m"),
            start=AT,
            end=AT,
            candles=1,
            cause="expired",
            state="open",
            detected_at=AT,
            resolved_at=None,
            evidence="consumer",
            proof="none",
        )
        for symbol in symbols
    ]
    assert isinstance(gaps.name(named), Err)
    world.kafka.admin.create_topics(ledger, partitions=PARTITIONS)
    assert gaps.name(named) == Ok(None)
    kept = {(m.partition(), (m.key() or b"").decode().split("|")[1]) for m in world.kafka.admin.read(ledger)}
    assert kept == {(partition_of(symbol.encode(), PARTITIONS), symbol) for symbol in symbols}
