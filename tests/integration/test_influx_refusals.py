"""InfluxDB refusing in each way it can: what is stored then, what is said, and what becomes of the next write."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cryptostream.core.ports import StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_http import InfluxHttp
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_store import InfluxStore
from cryptostream.store.influx_writing import InfluxWriter, Order, Task
from tests.contract.providers import FIELDS
from tests.support.answering import Answering, Asked, Told
from tests.support.influx_stream import settings_for
from tests.support.parts.influx import Influx
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done

OPENS = [T0 + number * MINUTE for number in range(6)]
Unique = Callable[[str], str]


@dataclass
class Heard:
    """What an observer is told."""

    outcomes: list[str] = field(default_factory=list)
    points: int = 0

    def store_asked(self, path: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        if path == "/api/v2/write":
            self.outcomes.append(outcome)

    def store_wrote(self, bucket: str, points: int, size: int) -> None:
        assert bucket
        assert size
        self.points += points

    def store_deleted(self, bucket: str) -> None:
        raise AssertionError(f"nothing is deleted from {bucket}")


@pytest.fixture
def settings(influx: Influx, tmp_path: Path, unique: Unique) -> InfluxSettings:
    return settings_for(influx, tmp_path, unique)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def store(settings: InfluxSettings, heard: Heard) -> Iterator[InfluxStore]:
    with closing(InfluxStore(settings, FIELDS, heard)) as store:
        yield store


def batch(opens: list[int] = OPENS) -> StoreBatch:
    return StoreBatch(raw=candles(BTC_1M, opens))


def stored(store: InfluxStore) -> list[int]:
    opens: list[int] = done(store.raw(BTC_1M, 0, T0 + 1000 * MINUTE)).open_time.tolist()
    return opens


def refused(result: Result[None, StoreError], *told: str, retryable: bool) -> None:
    assert isinstance(result, Err)
    assert result.error.retryable is retryable, result.error
    for each in told:
        assert each in result.error.detail, result.error


def test_401_names_the_file_and_a_new_token_is_taken_at_once(
    store: InfluxStore, settings: InfluxSettings, heard: Heard
) -> None:
    right = settings.token_file.read_text()
    settings.token_file.write_text("wrong")
    refused(store.write(batch()), str(settings.token_file), settings.raw_bucket, retryable=True)
    settings.token_file.write_text(right)
    assert store.write(batch()) == Ok(None)
    assert stored(store) == OPENS
    assert heard.outcomes[0] == "401"
    assert heard.outcomes[-1] == "done"


def test_404_names_the_bucket_and_goes_on_once_it_is_there(
    store: InfluxStore, settings: InfluxSettings, influx: Influx, heard: Heard
) -> None:
    influx.delete_bucket(settings.raw_bucket)
    refused(store.write(batch()), f"no bucket {settings.raw_bucket}", "create it", retryable=True)
    influx.create_bucket(settings.raw_bucket)
    settings.token_file.write_text(influx.token)
    assert store.write(batch()) == Ok(None)
    assert stored(store) == OPENS
    assert set(heard.outcomes[:-1]) == {"404"}


def test_400_stores_nothing_of_a_request(store: InfluxStore, settings: InfluxSettings, heard: Heard) -> None:
    writer = InfluxWriter(settings, InfluxHttp(settings, heard), heard)
    good = b"candle,symbol=BTCUSDC,interval=1m,stream=market.majors close=1 1700000040000"
    told = writer.write([Task(Order(settings.raw_bucket, (), (good + b"\ncandle close=NaN 1",)))], time.monotonic() + 3)
    refused(told, settings.raw_bucket, "cannot read a line", "NaN", retryable=False)
    writer.close()
    assert stored(store) == []
    assert heard.outcomes == ["400"]


def test_422_of_a_type_drops_that_point_alone(
    store: InfluxStore, settings: InfluxSettings, influx: Influx, heard: Heard
) -> None:
    """A field that somebody else has stored as another type."""
    tags = "coin=BTC,exchange=binance,interval=1m,stream=market.majors,symbol=BTCUSDC"
    influx.write(settings.raw_bucket, [f'candle,{tags} trades="seven" {T0 + 100 * MINUTE}'])
    refused(store.write(batch()), settings.raw_bucket, "field type conflict", "trades", retryable=False)
    assert stored(store) == []
    assert heard.outcomes == ["422"]


def test_422_of_retention_says_so(influx: Influx, tmp_path: Path, unique: Unique) -> None:
    settings = settings_for(influx, tmp_path, unique)
    short = unique("short")
    influx.create_bucket(short, retention_seconds=3600)
    settings.token_file.write_text(influx.token)
    changed = InfluxSettings(**{name: getattr(settings, name) for name in settings.__slots__} | {"raw_bucket": short})
    now = time.time_ns() // 1_000_000 // MINUTE * MINUTE
    with closing(InfluxStore(changed, FIELDS)) as store:
        told = store.write(batch([T0, now]))
        refused(told, short, "does not keep what is so old", "raise its retention", retryable=False)
        assert done(store.raw(BTC_1M, 0, now + MINUTE)).open_time.tolist() == [now]


def test_a_full_disk_holds_everything_up_until_there_is_room(tmp_path: Path, unique: Unique) -> None:
    with Influx(tmp_path / "small", disk_megabytes=24) as small:
        small.start()
        settings = settings_for(small, tmp_path, unique)
        heard = Heard()
        with closing(InfluxStore(settings, FIELDS, heard)) as store:
            assert store.write(batch(OPENS[:1])) == Ok(None)
            assert small.volume is not None
            small.volume.fill()
            many = batch([T0 + number * MINUTE for number in range(3000)])
            refused(store.write(many), "disk of InfluxDB is full", "enlarge its volume", retryable=True)
            small.volume.free()
            small.restart()
            assert store.write(many) == Ok(None)
            assert len(stored(store)) == 1000
        assert "500" in heard.outcomes


# ---------------------------------------------------------------- what a real one does not say when asked to


def against(settings: InfluxSettings, answering: Answering, heard: Heard, deadline: float = 3.0) -> InfluxStore:
    given = {name: getattr(settings, name) for name in settings.__slots__}
    return InfluxStore(InfluxSettings(**given | {"url": answering.url, "deadline": deadline}), FIELDS, heard)


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_asked_to_wait_waits(settings: InfluxSettings, heard: Heard, status: int) -> None:
    """Nothing is sent before the time has come, however often it is tried."""
    answers = iter([Told(status, retry_after="1"), Told()])
    with Answering(lambda _: next(answers)) as server, closing(against(settings, server, heard)) as store:
        refused(store.write(batch()), "asks to wait", str(status), retryable=True)
        began = time.monotonic()
        while isinstance(told := store.write(batch()), Err):
            refused(told, "asked to wait", retryable=True)
            time.sleep(0.02)
        assert time.monotonic() - began > 0.5
        assert len(server.writes) == 2
        assert heard.outcomes.count(str(status)) == 1


def test_413_is_parted_until_it_fits(settings: InfluxSettings, heard: Heard) -> None:
    def answer(asked: Asked) -> Told:
        return Told(413 if asked.body.count(b"\n") > 1 else 204)

    with Answering(answer) as server, closing(against(settings, server, heard)) as store:
        assert store.write(batch()) == Ok(None)
        taken = [each.body for each in server.writes if each.body.count(b"\n") <= 1]
        assert sorted(line for body in taken for line in body.splitlines()) == sorted(
            server.writes[0].body.splitlines()
        )
        assert heard.points == len(OPENS)


def test_a_point_that_is_too_large_alone_is_its_own_fault(settings: InfluxSettings, heard: Heard) -> None:
    with Answering(lambda _: Told(413)) as server, closing(against(settings, server, heard)) as store:
        refused(store.write(batch(OPENS[:1])), "larger than InfluxDB takes", retryable=False)
        assert len(server.writes) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_fails_is_asked_again_by_the_caller_alone(
    settings: InfluxSettings, heard: Heard, status: int
) -> None:
    with Answering(lambda _: Told(status)) as server, closing(against(settings, server, heard)) as store:
        refused(store.write(batch()), f"HTTP {status}", retryable=True)
        assert len(server.writes) == 1


def test_a_connection_broken_off_is_no_loss(settings: InfluxSettings, heard: Heard) -> None:
    with Answering(lambda _: Told(0)) as server, closing(against(settings, server, heard)) as store:
        refused(store.write(batch()), server.url, retryable=True)
    assert heard.outcomes == ["unreachable"]
    assert heard.points == 0


def test_an_answer_that_is_too_late_is_given_up_at_the_deadline(settings: InfluxSettings, heard: Heard) -> None:
    with Answering(lambda _: Told(seconds=2.0)) as server:
        store = against(settings, server, heard, deadline=0.3)
        began = time.monotonic()
        refused(store.write(batch()), "did not answer in time", retryable=True)
        assert time.monotonic() - began < 1.5
        store.close()


def test_what_cannot_be_unpacked_is_sent_as_it_is(settings: InfluxSettings, heard: Heard) -> None:
    """After a request that took too long bodies are packed; a 500 for a packed one must not be tried for ever."""
    late = iter([Told(0)])

    def answer(asked: Asked) -> Told:
        if asked.path.startswith("/ping"):
            return Told()
        return next(late, Told(500 if asked.encoding == "gzip" else 204))

    with Answering(answer) as server, closing(against(settings, server, heard)) as store:
        refused(store.write(batch()), server.url, retryable=True)
        assert store.write(batch()) == Ok(None)
        assert [each.encoding for each in server.writes] == [None, "gzip", None]
        assert heard.points == len(OPENS)
