"""Producer and consumers as processes, on a real Kafka and a real InfluxDB, while things change around them."""

import time
from collections.abc import Iterator

import pytest

from cryptostream.core.codec.log_line import decode
from cryptostream.core.result import Err, Ok
from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.support.metric_series import differences
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.service_process import ServiceProcess
from tests.support.service_truth import begins_in_time, lacking, published_twice
from tests.support.service_world import Exchange, ServiceWorld
from tests.support.write_metrics_reference import of_streams

INDICATORS = [{"name": "sma5", "function": "SMA", "params": {"timeperiod": 5}}]
COINS = ["BTC", "SOL"]
"""In partitions 0 and 4, so that each of two consumers has one."""
HISTORY = {"history": {"seconds": 600}}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, kafka_server: Kafka, influx_server: Influx, simulator: Simulator
) -> Iterator[ServiceWorld]:
    exchange = Exchange(simulator.addresses.rest, simulator.addresses.stream)
    folder = tmp_path_factory.mktemp("world")
    fields = {"coins": COINS, "indicators": INDICATORS, "source": HISTORY}
    link = kafka_server.links["scram"].address
    with ServiceWorld(folder, kafka_server, influx_server, exchange, bootstrap=link, **fields) as world:  # type: ignore[arg-type]
        yield world


@pytest.fixture
def producer(world: ServiceWorld) -> ServiceProcess:
    return world.running("producer", "producer")


@pytest.fixture
def consumers(world: ServiceWorld) -> tuple[ServiceProcess, ServiceProcess]:
    return world.running("consumer", "consumer-1"), world.running("consumer", "consumer-2")


def all_is_stored(world: ServiceWorld, simulator: Simulator, patience: float = 60) -> None:
    """Wait until what closed before now is stored as the exchange has it."""
    upto, until = simulator.clock.now(), time.monotonic() + patience
    while lack := lacking(world, simulator, upto):
        assert time.monotonic() < until, f"after {patience:g} s: {lack}"
        time.sleep(0.5)  # it reads both buckets whole


def test_candles_of_all_series_are_in_both_buckets_within_30_s(
    world: ServiceWorld,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    began = simulator.clock.now()
    all_is_stored(world, simulator, 30)
    assert begins_in_time(world, began) == []
    for service in (producer, *consumers):
        service.until_ready(10)
        assert service.usage().megabytes < 200
    held = [len(each.status()["partitions"]) for each in consumers]
    assert sorted(held) == [9, 9]  # prices-1s, prices-1m and the ledger, six partitions each
    told = producer.status()
    assert {(each["symbol"], each["interval"]) for each in told["series"]} == {
        (symbol, interval) for symbol in ("BTCUSDC", "SOLUSDC") for interval in ("1s", "1m")
    }
    assert told["exchange"]["connections"] == 1


def test_metrics_of_both_are_as_they_are_described(
    world: ServiceWorld,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    """A documented catalogue, checked against what the processes export."""
    all_is_stored(world, simulator)
    pages = [each.page("/metrics").text for each in (producer, *consumers)]
    for page in pages:
        assert differences(page, of_streams(), "stream") == []
    name = world.spec.stream
    for symbol in ("BTCUSDC", "SOLUSDC"):
        labels = f'interval="1m",stream="{name}",symbol="{symbol}"'
        assert f"cryptostream_completeness_ratio{{{labels}}} 1.0" in pages[0]
        assert sum(f"cryptostream_freshness_seconds{{{labels}}}" in page for page in pages[1:]) == 1
    assert 'cryptostream_freshness_limit_seconds{interval="1m",' in pages[1]


def test_logs_of_both_are_of_the_one_schema(
    producer: ServiceProcess, consumers: tuple[ServiceProcess, ServiceProcess]
) -> None:
    """JSON Lines, one documented schema"""
    for service in (producer, *consumers):
        lines = [line for line in service.said.splitlines() if '"event":"listening"' not in line]
        read = [decode(line) for line in lines]
        assert not [(line, each.error) for line, each in zip(lines, read, strict=True) if isinstance(each, Err)]
        assert {(each.value.stream is None, each.value.role is None) for each in read if isinstance(each, Ok)} == {
            (False, False)
        }


def test_sigterm_of_each_loses_nothing(
    world: ServiceWorld,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    """Graceful stop: within ten seconds, with 0, and what was published is stored, once."""
    for service in (consumers[0], producer, consumers[1]):
        began = time.monotonic()
        assert service.stop() == 0, service.said[-2000:]
        assert time.monotonic() - began < 10
        if service is consumers[0]:
            consumers[1].until(lambda: len(consumers[1].status()["partitions"]) == 18, "it has taken over", 5)
        service.start()
    all_is_stored(world, simulator)
    assert published_twice(world) == []


def test_a_symbol_that_is_added_flows_and_the_others_keep_their_connection(
    world: ServiceWorld,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    producer.until_ready()
    handshakes = simulator.answers()["/stream", 101]
    generation = world.assign([*COINS, "ETH"])
    added = [each for each in world.series if each.symbol == "ETHUSDC"]
    assert len(added) == 2
    wait_for(lambda: set(added) <= set(world.stored_series()), "its candles are stored", 15)
    for service in (producer, *consumers):
        service.until_generation(generation)
    all_is_stored(world, simulator)
    assert simulator.answers()["/stream", 101] == handshakes
    assert simulator.sockets() == 1


def test_a_symbol_that_is_taken_away_is_published_no_more(
    world: ServiceWorld, producer: ServiceProcess, consumers: tuple[ServiceProcess, ServiceProcess]
) -> None:
    producer.until_ready()
    generation = world.assign(COINS)
    producer.until_generation(generation)
    assert {each["symbol"] for each in producer.status()["series"]} == {"BTCUSDC", "SOLUSDC"}
    assert consumers[0].alive


def test_a_ban_that_others_were_told_of_is_obeyed(world: ServiceWorld, producer: ServiceProcess) -> None:
    until = int(time.time() * 1000) + 600_000
    world.assign(banned_until=until)
    producer.until(lambda: producer.status()["exchange"]["banned_until"] == until, "it knows of the ban", 10)
    world.assign()
    producer.until(lambda: producer.status()["exchange"]["banned_until"] is None, "it is lifted", 10)


def test_a_second_producer_ends_the_first(
    world: ServiceWorld,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    """Fencing: one owner at a time; the one that has lost ends with 1 and says why, and nothing is lost or twice."""
    producer.until_ready()
    second = world.running("producer", "second")
    wait_for(lambda: not producer.alive, "the first has ended", 20)
    assert producer.stop() == 1
    assert "has taken over" in producer.events("failed")[-1]["detail"]
    second.until_ready()
    all_is_stored(world, simulator)
    assert published_twice(world) == []
    assert second.stop() == 0
    assert all(each.alive for each in consumers)


def test_passwords_and_token_are_rotated_while_all_runs(
    world: ServiceWorld,
    kafka_server: Kafka,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    """SCRAM and tokens hot: no process starts again, and each gets in anew with what is in its files now."""
    pids = [each.pid for each in (producer, *consumers)]
    world.rotate_password("producer")
    world.rotate_password("consumer")
    world.rotate_token()
    kafka_server.links["scram"].cut()  # every connection has to be made again
    kafka_server.links["scram"].heal()
    all_is_stored(world, simulator)
    for service in (producer, *consumers):
        service.until_ready()
    assert [each.pid for each in (producer, *consumers)] == pids


def test_consumers_pause_while_influxdb_is_away_and_catch_up(
    world: ServiceWorld,
    influx_server: Influx,
    producer: ServiceProcess,
    consumers: tuple[ServiceProcess, ServiceProcess],
    simulator: Simulator,
) -> None:
    all_is_stored(world, simulator)
    influx_server.stop()
    try:
        for service in consumers:
            assert world.influx.url in service.until(service.why_unready, "it says that it waits", 20)
            assert service.page("/healthz").status == 200
            assert service.status()["store"]["reachable"] is False
        group = committed(world)
        time.sleep(20)  # the outage itself
        assert committed(world) == group
        assert producer.why_unready() is None
    finally:
        influx_server.start()
    all_is_stored(world, simulator)
    for service in consumers:
        service.until_ready(20)
        assert service.status()["store"]["last_error"]
        assert service.usage().megabytes < 200


def committed(world: ServiceWorld) -> dict[tuple[str, int], int]:
    """What the group has committed of candles."""
    offsets = world.kafka.admin.group_offsets(world.plan.consumer_group)
    return {place: offset for place, offset in offsets.items() if ".prices-" in place[0]}
