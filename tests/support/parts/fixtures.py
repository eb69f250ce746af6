"""What tests ask pytest for. A conftest takes it by `from tests.support.parts.fixtures import *`.

The servers live as long as the test session. `kafka` and `influx` give them to a test, which may do to them what it
likes: afterwards they are up again, with the same data. Names are unique, so tests need not clean up topics.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.parts.cache import UnavailableError
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka, Protocol
from tests.support.parts.tls import Authority

__all__ = [
    "authority",
    "bucket",
    "influx",
    "influx_server",
    "influx_tls",
    "influx_tls_server",
    "kafka",
    "kafka_server",
    "topic",
    "unique",
]


@contextmanager
def having() -> Iterator[None]:
    """Where a part cannot be had the test is skipped, or fails if everything is required."""
    try:
        yield
    except UnavailableError as why:
        if os.environ.get("CRYPTOSTREAM_REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Kafka]:
    """With one link of each kind: `plain`, `tls` and `scram`."""
    links: dict[str, Protocol] = {"plain": "PLAINTEXT", "tls": "SSL", "scram": "SASL_SSL"}
    with having():
        kafka = Kafka(tmp_path_factory.mktemp("kafka"), links=links, authority=authority)
    with kafka:
        yield kafka.start()


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with having():
        influx = Influx(tmp_path_factory.mktemp("influx"))
    with influx:
        yield influx.start()


@pytest.fixture(scope="session")
def influx_tls_server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Influx]:
    with having():
        influx = Influx(tmp_path_factory.mktemp("influx-tls"), leaf=authority.leaf("influxdb"))
    with influx:
        yield influx.start()


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[Kafka]:
    yield kafka_server
    kafka_server.mend()


@pytest.fixture
def influx(influx_server: Influx) -> Iterator[Influx]:
    yield influx_server
    influx_server.mend()


@pytest.fixture
def influx_tls(influx_tls_server: Influx) -> Iterator[Influx]:
    """One that speaks TLS, with a certificate of `authority`."""
    yield influx_tls_server
    influx_tls_server.mend()


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes a name nobody else uses, from one that says what it is for."""
    return lambda name: f"{name}-{secrets.token_hex(4)}"


@pytest.fixture
def topic(kafka: Kafka, unique: Callable[[str], str]) -> str:
    """A topic with three partitions."""
    kafka.admin.create_topics(name := unique("topic"), partitions=3)
    return name


@pytest.fixture
def bucket(influx: Influx, unique: Callable[[str], str]) -> Iterator[str]:
    """A bucket that keeps points for ever."""
    influx.create_bucket(name := unique("bucket"))
    yield name
    influx.mend()
    influx.delete_bucket(name)
