"""Who gets in, who does not, and that no secret gets out: on a real Kafka and a real InfluxDB, over TLS."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.support.parts.influx import Influx, RefusedError
from tests.support.parts.kafka import Kafka
from tests.support.parts.kafka_admin import ClientConfig
from tests.support.parts.process import wait_for
from tests.support.parts.tls import Authority
from tests.support.service_process import ServiceProcess
from tests.support.service_world import Exchange, ServiceWorld, started

HISTORY = {"history": {"seconds": 60}}
WRONG_HOST = ("elsewhere.example",)
PAGES = ("/metrics", "/status", "/healthz", "/readyz", "/none")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as simulator:
        yield simulator


Make = Callable[..., ServiceWorld]


@pytest.fixture
def make(
    tmp_path: Path, kafka: Kafka, influx_tls: Influx, authority: Authority, simulator: Simulator
) -> Iterator[Make]:
    """Makes worlds whose InfluxDB speaks TLS."""
    exchange = Exchange(simulator.addresses.rest, simulator.addresses.stream)
    made: list[ServiceWorld] = []

    def make(*, kafka: Kafka = kafka, influx: Influx = influx_tls, **more: object) -> ServiceWorld:
        usual = {"authority_of_store": authority.cert, "coins": ["BTC"], "intervals": ["1s"], "source": HISTORY}
        world = ServiceWorld(tmp_path / str(len(made)), kafka, influx, exchange, **{**usual, **more})  # type: ignore[arg-type]
        made.append(world)
        return world.prepare()

    yield make
    for world in made:
        world.__exit__()


def flows(world: ServiceWorld) -> None:
    wait_for(world.stored_series, "candles are stored", 30)


def why_not(service: ServiceProcess, fragment: str) -> str:
    """What a process says that it waits for, once that is known."""
    return service.until(lambda: text if fragment in (text := service.why_unready() or "") else None, fragment, 20)


@pytest.mark.parametrize("security", ["ScramSha512", "Tls"])
def test_no_secret_is_in_anything_that_a_service_writes_or_shows(make: Make, security: str) -> None:
    """A test greps all that a run wrote (logs, status, metrics, process list, environment) for every secret it used."""
    world = make(security=security, log_level="debug")
    services = world.start_both()
    flows(world)
    if security == "ScramSha512":
        world.rotate_password("producer")
    world.rotate_token()
    for service in services:
        service.until_ready()
    shown = {f"{each.name} {what}": text for each in services for what, text in everything(each).items()}
    for service in services:
        assert service.stop() == 0
        shown |= {str(file): file.read_text() for file in service.folder.rglob("*") if file.is_file()}
    assert len(world.secrets) >= 3
    assert [where for where, text in shown.items() for secret in world.secrets if secret in text] == []


def everything(service: ServiceProcess) -> dict[str, str]:
    """What is to be seen of a running process from outside."""
    proc = Path("/proc") / str(service.pid)
    told = {name: (proc / name).read_text(errors="replace") for name in ("cmdline", "environ", "comm", "status")}
    return told | {path: service.page(path).text for path in PAGES}


def test_a_broker_of_another_name_is_refused_in_clear_words(make: Make, authority: Authority, tmp_path: Path) -> None:
    """Host names are verified."""
    leaf = authority.leaf("another-broker", WRONG_HOST)
    with Kafka(tmp_path / "kafka", authority=authority, leaf=leaf) as wrong:
        world = make(kafka=wrong.start())
        for service in world.start_both():
            why_not(service, "check caFile, certificate and host name")
            assert service.page("/healthz").status == 200
            service.kill()
    assert not world.stored_series()


def test_an_influxdb_of_another_name_is_refused_in_clear_words(
    make: Make, authority: Authority, tmp_path: Path
) -> None:
    leaf = authority.leaf("another-influxdb", WRONG_HOST)
    with Influx(tmp_path / "influx", leaf=leaf) as wrong:
        world = make(influx=wrong.start())
        _, consumer = world.start_both()
        assert world.influx.url in why_not(consumer, "certificate")
        assert consumer.stop() == 0
        assert not world.stored_series()


def test_a_role_with_the_rights_of_the_other_does_not_get_far(make: Make) -> None:
    """Least privilege: neither can take the other's place."""
    world = make()
    impostors = started(
        world.service("producer", "no-producer", credentials_of="consumer"),
        world.service("consumer", "no-consumer", credentials_of="producer"),
    )
    for service, lacking in zip(impostors, ("Write on topic", ".dead-letter"), strict=True):
        assert lacking in why_not(service, "Kafka's access lists do not allow")
        assert service.page("/healthz").status == 200
        assert service.stop() == 0


def test_passwords_that_are_wrong_are_told_as_such_and_taken_once_right(make: Make) -> None:
    world = make()
    right = world.mounts["producer"].content["password"]
    world.mounts["producer"].put(password=b"another-one-entirely")
    world.secrets.append("another-one-entirely")
    producer, _ = world.start_both()
    told = why_not(producer, "password")
    assert not [secret for secret in world.secrets if secret in told + producer.said]
    world.mounts["producer"].put(password=right)
    flows(world)


# ---------------------------------------------------------------- what the rights are worth


def scram(world: ServiceWorld, role: str) -> ClientConfig:
    return world.kafka.scram(world.user(role), world.mounts[role].content["password"].decode())  # type: ignore[arg-type, index]


def refusal(config: ClientConfig, topic: str) -> str | None:
    """Why Kafka does not take a record, None if it does."""
    told: list[KafkaError | None] = []
    producer = Producer({**config, "message.timeout.ms": 10_000})
    producer.produce(topic, b"x", b"x", on_delivery=lambda error, _: told.append(error))
    assert producer.flush(15) == 0
    return None if told[0] is None else told[0].name()


def unreadable(config: ClientConfig, topic: str, group: str) -> str | None:
    """Why a member of `group` cannot read `topic`, None if it can."""
    consumer, messages = Consumer({**config, "group.id": group, "auto.offset.reset": "earliest"}), list[Message]()
    try:
        consumer.subscribe([topic])

        def answered() -> bool:
            messages.extend(consumer.consume(1, 0.5))
            return bool(messages or consumer.assignment())

        wait_for(answered, "an answer", 20)
        errors = [error.name() for message in messages if (error := message.error())]
        return errors[0] if errors else None
    finally:
        consumer.close()


def test_the_access_lists_allow_what_a_role_does_and_nothing_else(make: Make) -> None:
    """Access lists are literal; nobody writes what is not his to write, or reads in another's group."""
    world = make()
    stream, group = world.spec.stream, world.plan.consumer_group
    producer, consumer = scram(world, "producer"), scram(world, "consumer")
    prices, dead, ledger = f"{stream}.prices-1s", f"{stream}.dead-letter", f"{stream}.ledger"
    world.kafka.admin.create_topics(f"{stream}.prices-1m", f"{stream}2.ledger")

    assert refusal(producer, prices) is None
    assert refusal(producer, ledger) is None
    assert refusal(producer, dead) == "TOPIC_AUTHORIZATION_FAILED"
    assert refusal(consumer, prices) == "TOPIC_AUTHORIZATION_FAILED"
    assert refusal(consumer, ledger) is None
    assert refusal(consumer, dead) is None
    for config in (producer, consumer):
        assert refusal(config, f"{stream}.prices-1m") == "TOPIC_AUTHORIZATION_FAILED"  # not declared
        assert refusal(config, f"{stream}2.ledger") == "TOPIC_AUTHORIZATION_FAILED"  # a prefix would do

    assert unreadable(consumer, prices, group) is None
    assert unreadable(consumer, prices, f"{group}.other") == "GROUP_AUTHORIZATION_FAILED"
    assert unreadable(producer, prices, group) == "GROUP_AUTHORIZATION_FAILED"
    assert unreadable(consumer, dead, group) == "TOPIC_AUTHORIZATION_FAILED"

    Producer({**producer, "transactional.id": f"{stream}.0"}).init_transactions(15)
    for config, name in ((consumer, f"{stream}.0"), (producer, f"{stream}.1")):
        with pytest.raises(KafkaException, match=r"TRANSACTIONAL_ID_AUTHORIZATION_FAILED|Transactional Id"):
            Producer({**config, "transactional.id": name}).init_transactions(15)


def test_the_token_reads_and_writes_the_two_buckets_and_nothing_else(make: Make) -> None:
    """A least-privilege token: write and read on raw and enriched; nothing else works with it."""
    world = make()
    influx, token = world.influx, world.mounts["consumer"].content["token"].decode()
    other = f"other_{world.plan.raw.bucket}"
    influx.create_bucket(other)
    for bucket in (world.plan.raw.bucket, world.plan.enriched.bucket):
        influx.write(bucket, ["m v=1 1000"], token=token)
        assert influx.flux(f'from(bucket: "{bucket}") |> range(start: 0)', token=token)
    with pytest.raises(RefusedError, match=r"40[134]"):
        influx.write(other, ["m v=1 1000"], token=token)
    with pytest.raises(RefusedError, match=r"40[134]|could not find bucket"):
        influx.flux(f'from(bucket: "{other}") |> range(start: 0)', token=token)
    for method, path in (("POST", "/api/v2/buckets"), ("POST", "/api/v2/authorizations"), ("POST", "/api/v2/users")):
        with pytest.raises(RefusedError, match=r"4[0-9][0-9]"):
            influx._ask(method, path, token=token, json={"name": "mine", "orgID": influx._org()})
    assert "authorizations" not in str(influx._ask("GET", "/api/v2/authorizations", token=token).json().get("token"))
